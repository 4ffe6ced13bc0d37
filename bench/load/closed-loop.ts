import { readTree, type TreeCpu } from '../measure/process-tree.ts'
import { checkAnswer, type Expected } from './answer-check.ts'
import { createLatencies, type LatencySummary } from './histogram.ts'
import { openConnection, type RawAnswer, type RawConnection } from './http-connection.ts'
import { callTemplate, type Endpoint, type RequestTemplate } from './requests.ts'
import { openSession } from './sessions.ts'

export interface LoadOrder {
  readonly endpoint: Endpoint
  readonly tool: string
  readonly expected: Expected
  readonly connections: number
  readonly warmMs: number
  /** Before the window also this many calls, but no longer than half a minute: a busy machine warms a program up slowly. */
  readonly warmCalls: number
  readonly measureMs: number
  /** Processes whose CPU is read at both ends of the window: this one and its descendants. */
  readonly rootPid: number
  /** Sessions of an earlier window of the same contestant. Legacy endpoints only. */
  readonly sessions: readonly string[]
}

export interface LoadResult {
  readonly calls: number
  readonly elapsedMs: number
  readonly latency: LatencySummary
  readonly checked: number
  /** The first few problems in words; empty when every sampled answer was right and every status 200. */
  readonly problems: readonly string[]
  readonly cpu: TreeCpu
  /** CPU of the load generator itself in the window, in ms. */
  readonly loadCpuMs: number
  readonly sessions: readonly string[]
}

const CHECK_EVERY = 61
const MAX_PROBLEMS = 5
const MAX_WARM_MS = 30_000

/** Runs one closed loop per connection for the given time; at most two minutes in all. */
export async function runLoad(order: LoadOrder): Promise<LoadResult> {
  const problems: string[] = []
  const note = (problem: string): void => {
    if (problems.length < MAX_PROBLEMS) problems.push(problem)
  }
  const connections = await openAll(order, note)
  const sessions = await sessionsFor(order, connections)
  const latencies = createLatencies()
  let phase: 'warm' | 'measure' | 'over' = 'warm'
  let calls = 0
  let answered = 0
  let checked = 0

  for (const [index, connection] of connections.entries()) {
    loop(connection, callTemplate(order.endpoint, order.tool, sessions[index]), index)
  }
  const warmSince = performance.now()
  do await pause(order.warmMs)
  while (answered < order.warmCalls && performance.now() - warmSince < MAX_WARM_MS)
  const cpuBefore = readTree(order.rootPid)
  const loadBefore = process.cpuUsage()
  const startedAt = performance.now()
  phase = 'measure'
  await pause(order.measureMs)
  phase = 'over'
  const elapsedMs = performance.now() - startedAt
  const load = process.cpuUsage(loadBefore)
  const cpu = difference(cpuBefore, readTree(order.rootPid))
  await pause(50)
  for (const connection of connections) connection.close()
  if (calls === 0) note('no call was answered in the window')
  return {
    calls,
    elapsedMs,
    latency: latencies.summary(),
    checked,
    problems,
    cpu,
    loadCpuMs: (load.user + load.system) / 1000,
    sessions,
  }

  function loop(connection: RawConnection, template: RequestTemplate, index: number): void {
    let untilCheck = index % CHECK_EVERY
    let id = 0
    let sentAt = 0
    let check = false
    next()

    function next(): void {
      if (phase === 'over') return
      id = template.nextId()
      check = untilCheck === 0
      untilCheck = check ? CHECK_EVERY : untilCheck - 1
      sentAt = performance.now()
      connection.send(template.bytes, check, onAnswer)
    }

    function onAnswer(answer: RawAnswer): void {
      answered += 1
      if (phase === 'measure') {
        calls += 1
        latencies.add(performance.now() - sentAt)
      }
      if (answer.status !== 200) {
        note(`HTTP ${answer.status} ${answer.body?.toString().slice(0, 200) ?? ''}`)
      } else if (check) {
        checked += 1
        const problem = checkAnswer(answer.body!, id, order.expected)
        if (problem !== undefined) note(problem)
      }
      if (problems.length < MAX_PROBLEMS) next()
    }
  }
}

function openAll(order: LoadOrder, note: (problem: string) => void): Promise<RawConnection[]> {
  return Promise.all(
    Array.from({ length: order.connections }, () => openConnection(order.endpoint.port, note)),
  )
}

async function sessionsFor(
  order: LoadOrder,
  connections: readonly RawConnection[],
): Promise<readonly string[]> {
  if (order.endpoint.era === 'modern') return []
  const sessions = order.sessions.slice(0, connections.length)
  for (const connection of connections.slice(sessions.length)) {
    sessions.push(await openSession(connection, order.endpoint))
  }
  return sessions
}

function difference(before: TreeCpu, after: TreeCpu): TreeCpu {
  return {
    gatewayMs: after.gatewayMs - before.gatewayMs,
    backendMs: after.backendMs - before.backendMs,
    gatewayRssBytes: after.gatewayRssBytes,
    backendProcesses: after.backendProcesses,
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
