import { readFileSync } from 'node:fs'
import type { Loss } from './compare.ts'

interface Expectation {
  readonly reason: string
  /** `scenario:check-id`. */
  readonly checks: readonly string[]
}

/** By cell: `variant set`. The file may only shrink: an entry that is no loss any more fails the run. */
export type Expectations = Readonly<Record<string, readonly Expectation[]>>

export function readExpectations(): Expectations {
  const text = readFileSync(new URL('expected-failures.json', import.meta.url), 'utf8')
  return JSON.parse(text) as Expectations
}

export interface JudgedLoss extends Loss {
  /** Why it is expected; undefined: it is not. */
  readonly reason: string | undefined
}

export interface Judgement {
  readonly losses: readonly JudgedLoss[]
  /** Expected, but no loss: the entry has to go. */
  readonly stale: readonly string[]
}

export function judge(losses: readonly Loss[], expected: readonly Expectation[] = []): Judgement {
  const reasons = new Map(
    expected.flatMap(({ reason, checks }) => checks.map((check) => [check, reason] as const)),
  )
  const lost = new Set(losses.map(({ check }) => check))
  return {
    losses: losses.map((loss) => ({ ...loss, reason: reasons.get(loss.check) })),
    stale: [...reasons.keys()].filter((check) => !lost.has(check)),
  }
}
