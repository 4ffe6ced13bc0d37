import type { CatalogueNote, CatalogueNoteCode } from './catalogue.ts'

/** `override`: where the file says it, if it is about an override. */
type Report = (
  code: CatalogueNoteCode,
  subject: string,
  backends: readonly string[],
  message: string,
  override?: CatalogueNote['override'],
) => void

/** Collects what is found while a catalogue is built. */
export interface BuildReport {
  readonly notes: CatalogueNote[]
  readonly problems: CatalogueNote[]
  readonly note: Report
  readonly problem: Report
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

function toNote(...about: Parameters<Report>): CatalogueNote {
  const [code, subject, backends, message, override] = about
  const note = { code, subject, backends, message }
  return override === undefined ? note : { ...note, override }
}
