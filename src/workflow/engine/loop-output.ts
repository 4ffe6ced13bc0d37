import type { Json, JsonObject } from '../../base/json.ts'
import type { ForEachAction } from '../plan.ts'

/** How one iteration came out. */
export interface IterationEnd {
  readonly status: 'completed' | 'failed' | 'skipped' | 'cancelled'
  readonly tries: number
  readonly output?: JsonObject | undefined
  readonly error?: string | undefined
  /** It failed in so far as nobody knows whether its call did its work. */
  readonly unknown?: true | undefined
}

/**
 * `{ iterations: [{ index, item, status, output, error? }], count, completed, failed }` in the order of the collection. An
 * iteration that never began is `cancelled`; cancelled ones count as failed. Where iterations can be skipped there is `skipped`
 * too.
 */
export function loopOutput(
  { step }: ForEachAction,
  items: readonly Json[],
  ends: readonly (IterationEnd | undefined)[],
): JsonObject {
  const iterations = items.map((item, index): JsonObject => {
    const end = ends[index] ?? NEVER_BEGAN
    const output = end.output ?? null
    return end.error === undefined
      ? { index, item, status: end.status, output }
      : { index, item, status: end.status, output, error: end.error }
  })
  const completed = countOf(iterations, 'completed')
  const skipped = countOf(iterations, 'skipped')
  const counts = { count: items.length, completed, failed: items.length - completed - skipped }
  return step.condition === undefined
    ? { iterations, ...counts }
    : { iterations, ...counts, skipped }
}

const NEVER_BEGAN: IterationEnd = {
  status: 'cancelled',
  tries: 0,
  error: 'the loop ended before it began',
}

function countOf(iterations: readonly JsonObject[], status: string): number {
  return iterations.reduce((count, one) => count + (one['status'] === status ? 1 : 0), 0)
}
