import type { BackendOffer, KnownLists } from './offer.ts'
import type { BuildReport } from './report.ts'

const WHAT: Readonly<Record<keyof KnownLists, string>> = {
  tools: 'Tool',
  resources: 'Resource',
  resourceTemplates: 'Resource template',
  prompts: 'Prompt',
}

/** A backend that gets all of a long list wrong is known by the first few. */
const MAX_NOTES_PER_LIST = 50

/** Says what backends list that is not as the protocol says. */
export function noteMalformed(offers: readonly BackendOffer[], report: BuildReport): void {
  for (const { backend, malformed } of offers) {
    for (const list of Object.keys(WHAT) as (keyof KnownLists)[]) {
      const items = malformed[list] ?? []
      for (const { subject, isKept, faults } of items.slice(0, MAX_NOTES_PER_LIST)) {
        const done = isKept ? 'is listed in a mended form' : 'is not listed'
        report.note(
          'malformed',
          subject,
          [backend],
          `${WHAT[list]} ${JSON.stringify(subject)} of backend "${backend}" ${done}: ${faults}`,
        )
      }
      const more = items.length - MAX_NOTES_PER_LIST
      if (more <= 0) continue
      report.note(
        'malformed',
        list,
        [backend],
        `Backend "${backend}" lists ${more} more malformed ${list}`,
      )
    }
  }
}
