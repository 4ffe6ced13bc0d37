import type { Now } from '../../base/clock.ts'

/** The time a store under test lives in. */
export interface TestClock {
  /** Makes so many milliseconds pass for the store. */
  advance(ms: number): Promise<void>
}

/** A clock that stands still between calls of `advance`. */
export function standingClock(): TestClock & { readonly now: Now } {
  let time = 1_000_000
  return {
    now: () => time,
    async advance(ms) {
      time += ms
    },
  }
}
