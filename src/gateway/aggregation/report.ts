import type { CatalogueNote, CatalogueNoteCode } from './catalogue.ts'

/** Collects what is found while a catalogue is built. */
export interface BuildReport {
  readonly notes: CatalogueNote[]
  readonly problems: CatalogueNote[]
  note(code: CatalogueNoteCode, subject: string, backends: readonly string[], message: string): void
  problem(
    code: CatalogueNoteCode,
    subject: string,
    backends: readonly string[],
    message: string,
  ): void
}

export function createReport(): BuildReport {
  const notes: CatalogueNote[] = []
  const problems: CatalogueNote[] = []
  return {
    notes,
    problems,
    note: (code, subject, backends, message) => notes.push({ code, subject, backends, message }),
    problem: (code, subject, backends, message) =>
      problems.push({ code, subject, backends, message }),
  }
}
