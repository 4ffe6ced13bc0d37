import { parseArgs } from 'node:util'
import { COMMANDS } from '../src/cli/command-table.ts'
import { runProgram } from '../src/cli/run-program.ts'
import { quickstartMessage } from './quickstart/message.ts'
import { waitUntilReady } from './quickstart/wait-until-ready.ts'
import { freePort, isFree } from './support/free-port.ts'

/**
 * The quickstart: `thv vmcp serve` on the example, with a few lines for people once everything is ready. Takes the flags
 * of that command: `npm start -- --port 4500`.
 */
const CONFIG = 'examples/quickstart/vmcp.yaml'
const READY_WITHIN_MS = 30_000

process.chdir(`${import.meta.dirname}/..`)
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '4483' },
    host: { type: 'string', default: '127.0.0.1' },
  },
  strict: false,
})
const flags = process.argv.slice(2)
const host = String(values.host)
const port = values.port === '0' ? await freePort() : Number(values.port)
if (values.port === '0') flags.push('--port', String(port))

// On a taken port somebody else would answer; then there is only an error to tell.
const free = await isFree(host, port)
const ended = new AbortController()
const announced = free ? announce(`http://${host}:${port}`, ended.signal) : undefined
process.exitCode = await runProgram(['vmcp', 'serve', '-c', CONFIG, ...flags], COMMANDS, {
  program: 'thv',
  env: process.env,
  print: (line) => console.log(line),
  note: (line) => console.error(line),
})
ended.abort()
await announced
if (!free) console.error('With npm, flags go behind two dashes: npm start -- --port 4500')

async function announce(origin: string, signal: AbortSignal): Promise<void> {
  const ready = await waitUntilReady(origin, { timeoutMs: READY_WITHIN_MS, signal })
  if (signal.aborted) return
  const { backends, compositeTools } = ready ?? { backends: [], compositeTools: [] }
  const url = `${origin}/mcp`
  console.log(quickstartMessage({ url, backends, compositeTools, configPath: CONFIG }))
}
