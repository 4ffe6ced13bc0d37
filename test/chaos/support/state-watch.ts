import type { Ending } from './call-until-answered.ts'

/** What one client knows of its session at the counting backend, held against each answer. */
export interface StateWatch {
  see(what: string, ending: Ending): void
  /** How often the count went back without a word of it. */
  untrue(): number
}

export function createStateWatch(): StateWatch {
  let last = 0
  let wentBack = 0
  let told = 0
  return {
    see(what, { kind, text, lostState }) {
      // It begins another session, with another state.
      if (kind === 'dead') last = 0
      if (kind !== 'normal') return
      if (lostState && what.startsWith('shop_')) told++
      if (what !== 'shop_count') return
      const value = Number(text)
      if (value <= last) wentBack++
      last = value
    },
    // Another call may have brought the word, before or after.
    untrue: () => Math.max(0, wentBack - told),
  }
}
