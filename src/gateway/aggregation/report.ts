import type { CatalogueNote, CatalogueNoteCode } from './catalogue.ts'

/** Collects what is found while a catalogue is built. */
export interface BuildReport {
  readonly notes: CatalogueNote[]
  readonly problems: CatalogueNote[]
  note(
    code: CatalogueNoteCode,
    subject: string,
    backends: readonly string[],
    message: string,
    override?: CatalogueNote['override'],
  ): void
  problem(
    code: CatalogueNoteCode,
    subject: string,
    backends: readonly string[],
    message: string,
    override?: CatalogueNote['override'],
  ): void
}

export function createReport(): BuildReport {
  const notes: CatalogueNote[] = []
  const problems: CatalogueNote[] = []
  return {
    notes,
    problems,
    note: (...about) => notes.push(toNote(...about)),
    problem: (...about) => problems.push(toNote(...about)),
  }
}

function toNote(...about: Parameters<BuildReport['note']>): CatalogueNote {
  const [code, subject, backends, message, override] = about
  const note = { code, subject, backends, message }
  return override === undefined ? note : { ...note, override }
}
