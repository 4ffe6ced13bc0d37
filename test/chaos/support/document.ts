import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { renderResults, type Reported } from './report.ts'

const FILE = fileURLToPath(new URL('../../../docs/reference/resilience.md', import.meta.url))
const BEGIN = '<!-- results: written by npm run chaos -- --write -->\n'
const END = '<!-- end of results -->\n'

/** Puts the results where the last ones stand in `docs/reference/resilience.md`. */
export async function writeDocument(reported: readonly Reported[], machine: string): Promise<void> {
  const date = new Date().toISOString().slice(0, 10)
  const text = await readFile(FILE, 'utf8')
  await writeFile(FILE, withResults(text, renderResults(reported, `${date}. ${machine}`)))
  console.log(`written: ${FILE}`)
}

/** The document with other results. */
export function withResults(text: string, results: string): string {
  const from = text.indexOf(BEGIN)
  const to = text.indexOf(END)
  if (from === -1 || to === -1) throw new Error('The document has no place for results')
  return `${text.slice(0, from + BEGIN.length)}\n${results}\n${text.slice(to)}`
}
