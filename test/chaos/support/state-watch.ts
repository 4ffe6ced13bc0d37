import type { Ending } from './call-until-answered.ts'

/** What one client knows of its session at the counting backend, held against each answer. */
export interface StateWatch {
  see(what: string, ending: Ending): void
  /** Where the count went back without a word of it. */
  untrue(): readonly string[]
}

export function createStateWatch(): StateWatch {
  let last = 0
  const wentBack: string[] = []
  let told = 0
  return {
    see(what, { kind, text, lostState }) {
      // It begins another session, with another state.
      if (kind === 'dead') last = 0
      if (kind !== 'normal') return
      if (lostState && what.startsWith('shop_')) told++
      if (what !== 'shop_count') return
      const value = Number(text)
      if (value <= last) wentBack.push(`its count went from ${last} to ${value}`)
      last = value
    },
    // Another call may have brought the word, before or after.
    untrue: () => wentBack.slice(told),
  }
}
