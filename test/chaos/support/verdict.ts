import type { Figures } from './figures.ts'

/** Whether a scenario found what is wanted. `broken`: what must never happen, happened. `missed`: a figure is worse than wanted. */
export interface Verdict {
  readonly broken: readonly string[]
  readonly missed: readonly string[]
}

export const WANTED_SHARE = 0.999
export const WANTED_RECOVERY_MS = 2_000

export function verdictOf(figures: Figures): Verdict {
  const { calls, normal, unknown, recoveryP99Ms } = figures
  const broken: string[] = []
  if (calls === 0) broken.push('no call was made')
  for (const [name, count] of [
    ['dead sessions', figures.deadSessions],
    ['duplicates', figures.duplicates],
    ['calls without an answer', figures.unanswered],
    ['untrue answers', figures.untrue],
  ] as const) {
    if (count > 0) broken.push(`${count} ${name}`)
  }
  const missed: string[] = []
  if (normal < calls * WANTED_SHARE) {
    missed.push(`${shareText(normal, calls)} answered normally (${unknown} of unknown outcome)`)
  }
  if (recoveryP99Ms > WANTED_RECOVERY_MS) {
    missed.push(`recovery p99 ${Math.round(recoveryP99Ms)} ms`)
  }
  return { broken, missed }
}

/** `99.95 %`, never rounded up to 100. */
export function shareText(part: number, whole: number): string {
  if (whole === 0) return '–'
  return `${(Math.floor((part / whole) * 10_000) / 100).toFixed(2)} %`
}
