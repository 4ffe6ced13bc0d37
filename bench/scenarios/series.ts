import type { Running } from '../contestants/running.ts'
import type { LoadResult } from '../load/closed-loop.ts'
import type { Expected } from '../load/answer-check.ts'
import type { Generator } from '../load/generator.ts'
import type { Settings, Warm } from './settings.ts'

/** What one contestant did in one scenario, one entry per round. */
export interface Series {
  readonly name: string
  readonly cpuUs: number[]
  readonly backendUs: number[]
  readonly callsPerSecond: number[]
  readonly p50Ms: number[]
  readonly p99Ms: number[]
  readonly rssMiB: number[]
  /** Share of one core that the load generator used. */
  readonly loadShare: number[]
  readonly problems: string[]
}

export type Shape = { readonly expected: Expected; readonly connections: number }

/** Interleaved rounds: every contestant once per round, the first one changing. */
export async function runSeries(
  running: readonly Running[],
  shape: Shape,
  settings: Settings,
  generator: Generator,
): Promise<Series[]> {
  const series = running.map((one) => emptySeries(one.contestant.name))
  for (let round = 0; round < settings.rounds; round += 1) {
    for (let step = 0; step < running.length; step += 1) {
      const at = (step + round) % running.length
      const result = await loadOnce(
        running[at]!,
        shape,
        settings,
        { ms: settings.warmMs, calls: 0 },
        generator,
      )
      note(series[at]!, result)
    }
  }
  return series
}

/** One window of load on one contestant; its sessions are kept for the next. */
export async function loadOnce(
  running: Running,
  shape: Shape,
  settings: Settings,
  warm: Warm,
  generator: Generator,
): Promise<LoadResult> {
  const { contestant } = running
  const result = await generator.load({
    endpoint: running.endpoint,
    tool: contestant.prefix + shape.expected,
    expected: shape.expected,
    connections: shape.connections,
    warmMs: warm.ms,
    warmCalls: warm.calls,
    measureMs: settings.measureMs,
    rootPid: running.pid,
    sessions: running.sessions,
  })
  if (result.sessions.length > running.sessions.length) running.sessions = result.sessions
  return result
}

function emptySeries(name: string): Series {
  return {
    name,
    cpuUs: [],
    backendUs: [],
    callsPerSecond: [],
    p50Ms: [],
    p99Ms: [],
    rssMiB: [],
    loadShare: [],
    problems: [],
  }
}

function note(series: Series, result: LoadResult): void {
  series.cpuUs.push((result.cpu.gatewayMs * 1000) / result.calls)
  series.backendUs.push((result.cpu.backendMs * 1000) / result.calls)
  series.callsPerSecond.push((result.calls * 1000) / result.elapsedMs)
  series.p50Ms.push(result.latency.p50Ms)
  series.p99Ms.push(result.latency.p99Ms)
  series.rssMiB.push(result.cpu.gatewayRssBytes / 1024 / 1024)
  series.loadShare.push(result.loadCpuMs / result.elapsedMs)
  series.problems.push(...result.problems)
}
