import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parse } from 'yaml'
import type { Difference } from '../../src/template/testing/vectors.ts'

/** A template with the data it is rendered with. */
export interface CorpusCase {
  readonly name: string
  readonly template: string
  /** As JSON text, which keeps numbers as they are written. */
  readonly data: string
  /** What ours does differently, on purpose. */
  readonly ours: Difference | undefined
}

/** A file of the corpus. */
interface CorpusFile {
  /** For the cases that bring none; `{}` unless given. */
  data?: string
  /** Why ours differs, by short names. */
  reasons?: Record<string, string>
  cases: (string | CaseRow)[]
  /** Differences of cases that a `for` makes. */
  differences?: (Ours & { template: string })[]
}

interface CaseRow {
  template: string
  data?: string
  /** Every combination is a case: `<X>` in the template stands for each of the values of `X`. */
  for?: Record<string, unknown[]>
  ours?: Ours
}

interface Ours {
  output?: string
  error?: 'parse' | 'exec'
  line?: number
  why: string
}

/** All cases, by file and place in it. */
export function readCorpus(): CorpusCase[] {
  const files = globSync('*.yaml', { cwd: join(import.meta.dirname, 'corpus') }).toSorted()
  return files.flatMap((file) => {
    const text = readFileSync(join(import.meta.dirname, 'corpus', file), 'utf8')
    return casesOf(basename(file, '.yaml'), parse(text) as CorpusFile)
  })
}

function casesOf(
  file: string,
  { data = '{}', reasons = {}, cases, differences }: CorpusFile,
): CorpusCase[] {
  const different = new Map(differences?.map(({ template, ...ours }) => [template, ours]))
  const rows = cases.flatMap((row) => {
    const { for: values = {}, ...rest } = typeof row === 'string' ? { template: row } : row
    return combinations(rest.template, Object.entries(values)).map((template) => ({
      ...rest,
      template,
    }))
  })
  return rows.map(({ template, data: own = data, ours = different.get(template) }, i) => ({
    name: `${file} ${i + 1}`,
    template,
    data: own,
    ours: ours && differenceOf(ours, reasons),
  }))
}

function combinations(
  template: string,
  [first, ...rest]: readonly [name: string, values: unknown[]][],
): string[] {
  if (!first) return [template]
  const [name, values] = first
  return values.flatMap((value) =>
    combinations(
      template.replaceAll(`<${name}>`, () => String(value)),
      rest,
    ),
  )
}

function differenceOf({ why, ...ours }: Ours, reasons: Record<string, string>): Difference {
  const reason = reasons[why]
  if (reason === undefined) throw new Error(`no reason is named ${why}`)
  return { ...ours, reason }
}
