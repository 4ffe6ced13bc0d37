import { parseArgs } from 'node:util'
import { COMMANDS } from '../src/cli/command-table.ts'
import { runProgram } from '../src/cli/run-program.ts'
import { quickstartMessage } from './quickstart/message.ts'
import { waitUntilReady } from './quickstart/wait-until-ready.ts'
import { freePort, isFree } from './support/free-port.ts'

/** The quickstart: `thv vmcp serve` on the example, with a few lines for people once everything is ready. */
const CONFIG = 'examples/quickstart/vmcp.yaml'
const READY_WITHIN_MS = 30_000

process.chdir(`${import.meta.dirname}/..`)
const { values, positionals } = parseArgs({
  options: {
    port: { type: 'string', default: '4483' },
    host: { type: 'string', default: '127.0.0.1' },
    help: { type: 'boolean', short: 'h' },
  },
  allowPositionals: true,
})
if (values.help === true || positionals.length > 0) {
  console.log(
    'Usage: npm start -- [--port 4483] [--host 127.0.0.1]    (--port 0 takes any free port)',
  )
} else {
  const port = values.port === '0' ? String(await freePort()) : values.port
  await serve(values.host, port)
}

async function serve(host: string, port: string): Promise<void> {
  const ended = new AbortController()
  // On a taken port somebody else would answer; then there is only an error to tell.
  const free = await isFree(host, Number(port))
  const announced = free ? announce(`http://${host}:${port}`, ended.signal) : undefined
  process.exitCode = await runProgram(
    ['vmcp', 'serve', '-c', CONFIG, '--host', host, '--port', port],
    COMMANDS,
    {
      program: 'thv',
      env: process.env,
      print: (line) => console.log(line),
      note: (line) => console.error(line),
    },
  )
  ended.abort()
  await announced
  if (!free) console.error('With npm, flags go behind two dashes: npm start -- --port 4500')
}

async function announce(origin: string, signal: AbortSignal): Promise<void> {
  const backends = await waitUntilReady(origin, { timeoutMs: READY_WITHIN_MS, signal })
  if (signal.aborted) return
  console.log(
    quickstartMessage({ url: `${origin}/mcp`, backends: backends ?? [], configPath: CONFIG }),
  )
}
