import type { Contestant } from '../contestants/contestant.ts'
import { startContestant, type Running } from '../contestants/running.ts'
import type { Bench } from './section.ts'

/** Starts contestants one after the other; one that does not start is a problem, not the end. */
export async function startAll(
  contestants: readonly Contestant[],
  bench: Bench,
  problems: string[],
): Promise<Running[]> {
  const running: Running[] = []
  for (const contestant of contestants) {
    if (contestant.extra === true && bench.settings.quick) continue
    try {
      running.push(await startContestant(contestant, bench.fixtures))
    } catch (error) {
      problems.push(explain(error))
      bench.say(`! ${explain(error)}`)
    }
  }
  return running
}

export async function stopAll(running: readonly Running[]): Promise<void> {
  await Promise.all(running.map((one) => one.stop()))
}

export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : ` (${explain(error.cause)})`
  return error.message + cause
}
