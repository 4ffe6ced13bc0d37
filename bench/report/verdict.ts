import { short } from './numbers.ts'

/** One wanted figure of the issue beside what was measured. */
export interface Verdict {
  readonly what: string
  /** At most this. */
  readonly wanted: number
  readonly stretch?: number
  readonly unit: string
  readonly measured: number
}

export function verdictRow(verdict: Verdict): string[] {
  const { wanted, stretch, unit, measured } = verdict
  const goal = `≤ ${short(wanted)} ${unit}${stretch === undefined ? '' : ` (stretch ${short(stretch)})`}`
  return [verdict.what, goal, `${short(measured)} ${unit}`, judge(verdict)]
}

function judge({ wanted, stretch, measured }: Verdict): string {
  // Nothing costs nothing: a zero comes of a reference that answered no call. Less than nothing is left of what was there before.
  if (!Number.isFinite(measured) || measured === 0) return 'not measured'
  if (measured > wanted) return '**no**'
  return stretch !== undefined && measured <= stretch ? 'yes, stretch too' : 'yes'
}
