import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Child } from '../../support/child.ts'
import { until } from '../../support/until.ts'
import { startProgram } from './program.ts'
import { API_ENV } from '../../support/api-key.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const BUNDLE = `${ROOT}dist/thv.js`
const SOURCE = `${ROOT}src/cli/main.ts`

/** The program the replicas run: the bundle where there is one, else the source (CHAOS_FROM=src). */
export function programPath(): string {
  return process.env['CHAOS_FROM'] !== 'src' && existsSync(BUNDLE) ? BUNDLE : SOURCE
}

/** One gateway of the fleet: a place with a port, and the process that is there now. */
export interface Replica extends AsyncDisposable {
  readonly port: number
  readonly pid: number | undefined
  /** Starts a process and waits until it is ready. */
  start(env?: Readonly<Record<string, string>>): Promise<void>
  /** SIGKILL. */
  kill(): Promise<void>
  /** SIGTERM, waits for its end; the exit code. */
  leave(): Promise<number | null>
  pause(): void
  resume(): void
  /** What all its processes wrote. */
  output(): string
}

const READY_WITHIN_MS = 60_000
const LEAVE_WITHIN_MS = 45_000

export function createReplica(
  port: number,
  configPath: string,
  ownEnv: Readonly<Record<string, string>>,
): Replica {
  let child: Child | undefined
  let before = ''

  const replica: Replica = {
    port,
    get pid() {
      return child?.process.pid
    },
    async start(env = {}) {
      const args = ['vmcp', 'serve', '--config', configPath, '--port', String(port)]
      const started = startProgram(process.execPath, [programPath(), ...args], {
        ...API_ENV,
        ...ownEnv,
        ...env,
      })
      before += child?.output() ?? ''
      child = started
      const ready = async () => {
        if (started.process.exitCode !== null) {
          throw new Error(`A replica ended:\n${started.output().slice(-4000)}`)
        }
        const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined)
        return answer?.ok === true ? true : undefined
      }
      await until(`replica on port ${port}`, ready, READY_WITHIN_MS)
    },
    async kill() {
      if (child === undefined || hasEnded(child)) return
      const ended = once(child.process, 'exit')
      child.process.kill('SIGKILL')
      await ended
    },
    async leave() {
      return (await child?.stop(LEAVE_WITHIN_MS)) ?? null
    },
    pause: () => void child?.process.kill('SIGSTOP'),
    resume: () => void child?.process.kill('SIGCONT'),
    output: () => before + (child?.output() ?? ''),
    [Symbol.asyncDispose]: () => replica.kill(),
  }
  return replica
}

function hasEnded({ process: { exitCode, signalCode } }: Child): boolean {
  return exitCode !== null || signalCode !== null
}
