import type { Check, CheckStatus, SuiteResult } from './suite.ts'

/** What a check id came to in one run: its worst status, or `absent`. */
export type Outcome = CheckStatus | 'absent'

export interface Loss {
  /** `scenario:check-id`. */
  readonly check: string
  readonly direct: Outcome
  readonly gateway: Outcome
  /** What the suite says is wrong, through the gateway. */
  readonly message: string
}

/** Checks that are worse through the gateway than directly, in order of their names. */
export function findLosses(direct: SuiteResult, gateway: SuiteResult): Loss[] {
  const before = outcomes(direct)
  const after = outcomes(gateway)
  const names = [...new Set([...before.keys(), ...after.keys()])].sort()
  return names.flatMap((check) => {
    const was = before.get(check)?.outcome ?? 'absent'
    const is = after.get(check)
    const now = is?.outcome ?? 'absent'
    if (!isWorse(now, was)) return []
    return [{ check, direct: was, gateway: now, message: is?.message ?? 'the check was not run' }]
  })
}

/** Passed and failed checks, counted as the suite counts them. */
export function countChecks(result: SuiteResult): { passed: number; failed: number } {
  const checks = [...result.values()].flat()
  return {
    passed: checks.filter((check) => check.status === 'SUCCESS').length,
    failed: checks.filter((check) => check.status === 'FAILURE').length,
  }
}

/** How many of the scored scenarios ran without a failure. */
export function countScored(result: SuiteResult, scored: readonly string[]): number {
  return scored.filter((scenario) => {
    const checks = result.get(scenario)
    return checks !== undefined && checks.every((check) => check.status !== 'FAILURE')
  }).length
}

function outcomes(result: SuiteResult): Map<string, { outcome: Outcome; message: string }> {
  const worst = new Map<string, { outcome: Outcome; message: string }>()
  for (const [scenario, checks] of result) {
    for (const check of checks) {
      const name = `${scenario}:${check.id}`
      const known = worst.get(name)
      if (!known || isWorse(check.status, known.outcome)) {
        worst.set(name, { outcome: check.status, message: messageOf(check) })
      }
    }
  }
  return worst
}

const RANK: Record<Outcome, number> = {
  SUCCESS: 3,
  INFO: 2,
  SKIPPED: 2,
  absent: 2,
  WARNING: 1,
  FAILURE: 0,
}

function isWorse(now: Outcome, was: Outcome): boolean {
  return RANK[now] < RANK[was]
}

function messageOf(check: Check): string {
  return check.errorMessage ?? check.status.toLowerCase()
}
