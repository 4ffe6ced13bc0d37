import type { Section } from './section.ts'

/** The hot pieces by themselves. */
export const micro: Section = {
  name: 'micro',
  run: async () => ({ tables: [], verdicts: [], problems: [] }),
}
