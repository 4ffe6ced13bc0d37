import { parseJson } from '../base/parse-json.ts'
import type { JournalEntry } from './journal.ts'

/** Seals what stands in a store, and opens it again; both may leave it as it is. */
export interface Sealing {
  readonly seal: (text: string) => string
  /** Throws when the text was sealed with another key, or changed. */
  readonly open: (text: string) => string
}

/** For stores that only their owner can read. */
export const unsealed: Sealing = { seal: (text) => text, open: (text) => text }

/** What one write of a journal puts into the store: all its entries in one text, which costs as much as one alone. */
export function joinEntries(entries: readonly string[]): string {
  return `[${entries.join(',')}]`
}

/** The entries of a journal, from the texts in the store. */
export function readJournal(texts: readonly string[], { open }: Sealing): JournalEntry[] {
  // Written by us; a number that JavaScript cannot hold stays what it was.
  return texts.flatMap((text) => parseJson(open(text)) as JournalEntry[])
}
