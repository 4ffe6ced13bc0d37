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

/** The entries of a journal, from the texts in the store. */
export function readJournal(texts: readonly string[], { open }: Sealing): JournalEntry[] {
  // Written by us; a number that JavaScript cannot hold stays what it was.
  return texts.map((text) => parseJson(open(text)) as JournalEntry)
}
