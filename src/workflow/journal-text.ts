import { parseJson } from '../base/parse-json.ts'
import type { JournalEntry } from './journal.ts'

/**
 * Seals what stands in a store, each text for its place: nobody can make another run of it by moving it. Opens it again there. Both may
 * leave it as it is.
 */
export interface Sealing {
  readonly seal: (text: string, place: string) => string
  /** Throws when the text was sealed with another key, for another place, or changed. */
  readonly open: (text: string, place: string) => string
}

/** For stores that only their owner can read. */
export const unsealed: Sealing = { seal: (text) => text, open: (text) => text }

/** What one write of a journal puts into the store: all its entries in one text, which costs as much as one alone. */
export function joinEntries(entries: readonly string[]): string {
  return `[${entries.join(',')}]`
}

/** Where one write of a journal stands. `key`: of the journal; `index`: of the write. */
export function placeInJournal(key: string, index: number): string {
  return `${key}#${index}`
}

/** The entries of a journal, from all its texts in the store. */
export function readJournal(
  texts: readonly string[],
  { open }: Sealing,
  key: string,
): JournalEntry[] {
  return texts.flatMap((text, index) => {
    const opened = open(text, placeInJournal(key, index))
    // Written by us; a number that JavaScript cannot hold stays what it was.
    return parseJson(opened) as JournalEntry[]
  })
}
