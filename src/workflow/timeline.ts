import type { JsonObject } from '../base/json.ts'
import type { JournalEntry } from './journal.ts'
import type { StepStatus } from './outcome.ts'
import type { PlannedStep, WorkflowPlan } from './plan.ts'
import type { StepTimeline } from './runs.ts'

interface Seen {
  startedAt?: number
  endedAt?: number
  status: StepTimeline['status']
  tries: number
  bytes: number
  error?: string
  count: number
  begun: Set<number>
  ended: Map<number, StepStatus | 'unknown'>
}

/** What happened in each step of a run, read from its journal: when, how often, how much. */
export function timelineOf(plan: WorkflowPlan, entries: readonly JournalEntry[]): StepTimeline[] {
  const seen = new Map<string, Seen>()
  for (const entry of entries) if ('step' in entry) take(seenOf(seen, entry.step), entry)
  return plan.steps.map((step) => lineOf(step, seen.get(step.id)))
}

function take(seen: Seen, entry: JournalEntry): void {
  if (entry.kind !== 'step-finished') seen.startedAt ??= entry.at
  switch (entry.kind) {
    case 'call-started':
      seen.tries += 1
      seen.status = 'running'
      if (entry.item !== undefined) seen.begun.add(entry.item)
      break
    case 'loop-started':
      seen.status = 'running'
      seen.count = entry.count
      break
    case 'asked':
      seen.status = 'waiting'
      seen.tries += 1
      break
    case 'answered':
      seen.status = 'running'
      break
    case 'item-finished':
      seen.ended.set(entry.item, entry.unknown === true ? 'unknown' : entry.status)
      seen.bytes += bytesOf(entry.output, entry.omittedBytes)
      break
    case 'step-finished':
      seen.endedAt = entry.at
      seen.status = entry.status
      seen.bytes += bytesOf(entry.output, entry.omittedBytes)
      // Of an earlier life: what is over now did not fail in the end.
      if (entry.error === undefined) delete seen.error
      else seen.error = entry.error
      break
    default:
  }
}

function lineOf(step: PlannedStep, seen: Seen | undefined): StepTimeline {
  const { id, does } = step
  const tool =
    does.kind === 'tool' ? does.tool : does.kind === 'forEach' ? does.step.does.tool : undefined
  const { startedAt, endedAt, status = 'pending', tries = 0, bytes = 0, error } = seen ?? {}
  return {
    step: id,
    kind: does.kind,
    ...(tool === undefined ? {} : { tool }),
    status,
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(endedAt === undefined ? {} : { endedAt }),
    tries,
    outputBytes: bytes,
    ...(error === undefined ? {} : { error }),
    ...(does.kind === 'forEach' && seen !== undefined ? { iterations: iterationsOf(seen) } : {}),
  }
}

function iterationsOf({ count, begun, ended }: Seen): NonNullable<StepTimeline['iterations']> {
  const statuses = [...ended.values()]
  const completed = statuses.filter((status) => status === 'completed').length
  const failed = statuses.filter((status) => status === 'failed' || status === 'cancelled').length
  const running = [...begun].filter((index) => !ended.has(index)).length
  const unknown = statuses.filter((status) => status === 'unknown').length
  return { count, completed, failed, running, unknown }
}

function seenOf(all: Map<string, Seen>, step: string): Seen {
  let seen = all.get(step)
  if (seen === undefined) {
    seen = { status: 'pending', tries: 0, bytes: 0, count: 0, begun: new Set(), ended: new Map() }
    all.set(step, seen)
  }
  return seen
}

function bytesOf(output: JsonObject | undefined, omitted: number | undefined): number {
  return omitted ?? (output === undefined ? 0 : Buffer.byteLength(JSON.stringify(output)))
}
