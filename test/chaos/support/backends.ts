import { fileURLToPath } from 'node:url'
import { freePort } from '../../../scripts/support/free-port.ts'
import type { Child } from '../../support/child.ts'
import { startProgram } from './program.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const COUNTING_HTTP = fileURLToPath(new URL('../servers/counting-http.ts', import.meta.url))
const COUNTING_STDIO = fileURLToPath(new URL('../servers/counting-stdio.ts', import.meta.url))
const EVERYTHING = `${ROOT}node_modules/@modelcontextprotocol/server-everything/dist/index.js`
const UP_WITHIN_MS = 30_000

/** A server over HTTP that can die and come back under its address. */
export interface HttpBackend extends AsyncDisposable {
  /** Value of a `backends[]` entry, without its name. */
  readonly entry: Record<string, unknown>
  /** SIGKILL. */
  kill(): Promise<void>
  start(): Promise<void>
}

/** A server with sessions whose side effects are written down in the ledger. */
export function startCountingHttp(ledger: string): Promise<HttpBackend> {
  return startHttp((port) => ({
    args: [COUNTING_HTTP, String(port), ledger],
    env: {},
    says: /listening/,
  }))
}

/** A real one: the reference server of the project. */
export function startEverything(): Promise<HttpBackend> {
  return startHttp((port) => ({
    args: [EVERYTHING, 'streamableHttp'],
    env: { PORT: String(port) },
    says: /listening/,
  }))
}

/** The counting server on stdio: each session of a client has a process of its own. */
export function countingStdio(ledger: string): Record<string, unknown> {
  return { transport: 'stdio', command: process.execPath, args: [COUNTING_STDIO, ledger] }
}

interface Launch {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly says: RegExp
}

async function startHttp(launch: (port: number) => Launch): Promise<HttpBackend> {
  const port = await freePort()
  const { args, env, says } = launch(port)
  let child: Child | undefined
  const backend: HttpBackend = {
    entry: { transport: 'streamable-http', url: `http://127.0.0.1:${port}/mcp` },
    async start() {
      child = startProgram(process.execPath, args, env)
      await child.waitFor(says, UP_WITHIN_MS)
    },
    async kill() {
      child?.process.kill('SIGKILL')
      await child?.stop()
    },
    [Symbol.asyncDispose]: () => backend.kill(),
  }
  await backend.start()
  return backend
}
