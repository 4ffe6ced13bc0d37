import type { JsonObject } from '../base/json.ts'
import type { Replica } from './replica.ts'

/**
 * What a replica says of a place that lives in a process. `has`: it is there, or about to be. `asks`: it would begin it, if nobody
 * has it. `unknown`: it cannot be asked.
 */
export type PlaceAnswer = 'has' | 'asks' | 'none' | 'unknown'

/** Kind of the message that asks. */
export const WHO_HAS = 'who-has'

/** Asks one replica for a place, by its key. Never rejects. */
export async function askForPlace(
  ask: (message: JsonObject & { kind: string }) => Promise<JsonObject>,
  key: string,
): Promise<PlaceAnswer> {
  try {
    const { state } = await ask({ kind: WHO_HAS, key })
    return ANSWERS.find((each) => each === state) ?? 'unknown'
  } catch {
    return 'unknown'
  }
}

/** Those that would begin a place at the same time agree on one: the first by their ids. */
export function isBefore(a: Pick<Replica, 'id'>, b: Pick<Replica, 'id'>): boolean {
  return a.id < b.id
}

const ANSWERS: readonly PlaceAnswer[] = ['has', 'asks', 'none']
