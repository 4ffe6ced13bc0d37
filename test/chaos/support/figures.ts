import type { Ending } from './call-until-answered.ts'
import type { Effect } from './ledger.ts'

/** One call of a client, from its first attempt to its last answer. Times are of `performance.now()`. */
export interface CallRecord {
  readonly client: string
  /** Tool, or method. */
  readonly what: string
  readonly startedAt: number
  readonly endedAt: number
  /** The side effect it should have; undefined: it only looked. */
  readonly effect: string | undefined
  readonly ending: Ending
  /** One call of somebody who makes no others: says nothing of how soon clients go on. */
  readonly isSingle?: boolean
}

/** Something that was done to the fleet, and the moment. */
export interface Fault {
  readonly what: string
  readonly at: number
}

/** What a scenario is judged by. */
export interface Figures {
  readonly calls: number
  /** Calls that were answered with their result, at once or after a retry. */
  readonly normal: number
  /** Of those, the ones that needed a retry. */
  readonly retried: number
  /** Calls of which it was said that their outcome is unknown. */
  readonly unknown: number
  /** Calls that were answered with an error. */
  readonly refused: number
  /** Calls without any answer within their time. */
  readonly unanswered: number
  readonly deadSessions: number
  /** Side effects that happened more than once. */
  readonly duplicates: number
  /** Answers that were not true: a result without its side effect, a state that went back without a word. */
  readonly untrue: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly slowestMs: number
  /** From a fault to the next result of a client. */
  readonly recoveryP99Ms: number
  /** The longest a client was without any result, from a fault on. */
  readonly recoveryWorstMs: number
}

export interface Seen {
  readonly records: readonly CallRecord[]
  readonly faults: readonly Fault[]
  readonly effects: readonly Effect[]
  /** Found by the scenario itself. */
  readonly untrue: number
}

export function figuresOf({ records, faults, effects, untrue }: Seen): Figures {
  const ended = (kind: Ending['kind']) =>
    records.filter(({ ending }) => ending.kind === kind).length
  const normal = records.filter(({ ending }) => ending.kind === 'normal')
  const times = normal.map(({ startedAt, endedAt }) => endedAt - startedAt)
  const recoveries = recoveriesOf(
    records.filter(({ isSingle }) => isSingle !== true),
    faults,
  )
  return {
    calls: records.length,
    normal: normal.length,
    retried: normal.filter(({ ending }) => ending.retries > 0).length,
    unknown: ended('unknown'),
    refused: ended('refused'),
    unanswered: ended('unanswered'),
    deadSessions: ended('dead'),
    duplicates: duplicatesOf(effects),
    untrue: untrue + missingOf(normal, effects),
    p50Ms: percentile(times, 0.5),
    p99Ms: percentile(times, 0.99),
    slowestMs: largest(records.map(({ startedAt, endedAt }) => endedAt - startedAt)),
    recoveryP99Ms: percentile(recoveries, 0.99),
    recoveryWorstMs: largest(recoveries),
  }
}

/**
 * For each client and fault: how long until its next result. One that had none until the end gets the time until the last call
 * of all.
 */
export function recoveriesOf(records: readonly CallRecord[], faults: readonly Fault[]): number[] {
  const end = largest(records.map(({ endedAt }) => endedAt))
  const resultsOf = Map.groupBy(records, ({ client }) => client)
    .values()
    .map((own) => own.filter(({ ending }) => ending.kind === 'normal').map((one) => one.endedAt))
    .map((times) => times.toSorted((a, b) => a - b))
    .toArray()
  return faults.flatMap(({ at }) =>
    resultsOf.map((times) => (times.find((time) => time > at) ?? end) - at),
  )
}

/** Of none: 0. An hour has more values than a function takes arguments. */
function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0)
}

/** The value that `share` of all are not above. */
export function percentile(values: readonly number[], share: number): number {
  if (values.length === 0) return 0
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? 0
}

function duplicatesOf(effects: readonly Effect[]): number {
  return effects.length - new Set(effects.map(({ id }) => id)).size
}

/** Results that say something happened which did not. */
function missingOf(normal: readonly CallRecord[], effects: readonly Effect[]): number {
  const happened = new Set(effects.map(({ id }) => id))
  return normal.filter(({ effect }) => effect !== undefined && !happened.has(effect)).length
}
