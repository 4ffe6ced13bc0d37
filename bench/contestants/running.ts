import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import type { Endpoint } from '../load/requests.ts'
import type { Contestant, Fixtures } from './contestant.ts'
import { waitUntilReady } from './ready.ts'

export interface Running {
  readonly contestant: Contestant
  readonly endpoint: Endpoint
  readonly pid: number
  /** From spawn until `initialize` (legacy) and `tools/list` were answered with the fixture's tools. */
  readonly readyMs: number
  /** Sessions the load opened; kept so that the next window reuses them. */
  sessions: readonly string[]
  stop(): Promise<void>
}

const READY_TIMEOUT_MS = 20_000
const STOP_TIMEOUT_MS = 4000

/** Starts a contestant in its own process group and waits until it serves. `nodeArgs` come before its script. */
export async function startContestant(
  contestant: Contestant,
  fixtures: Fixtures,
  nodeArgs: readonly string[] = [],
): Promise<Running> {
  if (contestant.launch === undefined) return direct(contestant, fixtures)
  const port = await freePort()
  const launch = contestant.launch(port, fixtures)
  const logFile = `${fixtures.folder}/${contestant.name}.log`
  const log = openSync(logFile, 'a')
  const startedAt = performance.now()
  const child = spawn(process.execPath, [...nodeArgs, ...launch.args], {
    stdio: ['ignore', log, log],
    detached: true,
    env: { ...process.env, ...launch.env },
  })
  closeSync(log)
  const endWithBench = (): void => signalGroup(child, 'SIGKILL')
  process.once('exit', endWithBench)
  child.once('exit', () => process.off('exit', endWithBench))
  const endpoint = { port, path: contestant.path, era: contestant.era }
  try {
    await waitUntilReady(endpoint, `${contestant.prefix}small`, READY_TIMEOUT_MS, child)
  } catch (error) {
    await stopGroup(child)
    const said = readFileSync(logFile, 'utf8').trim().slice(-500)
    throw new Error(`${contestant.name} did not start; it said: ${said}`, { cause: error })
  }
  const readyMs = performance.now() - startedAt
  return {
    contestant,
    endpoint,
    pid: child.pid!,
    readyMs,
    sessions: [],
    stop: () => stopGroup(child),
  }
}

function direct(contestant: Contestant, fixtures: Fixtures): Running {
  const port = contestant.directPort!(fixtures)
  return {
    contestant,
    endpoint: { port, path: contestant.path, era: contestant.era },
    pid: fixtures.backendPid,
    readyMs: 0,
    sessions: [],
    stop: async () => {},
  }
}

async function stopGroup(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  signalGroup(child, 'SIGTERM')
  const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), STOP_TIMEOUT_MS)
  await gone
  clearTimeout(timer)
  signalGroup(child, 'SIGKILL')
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-child.pid!, signal)
  } catch {
    // The group is gone already.
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
