import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Findings } from '../scenarios/section.ts'

/** What one section of the benchmark found, and when and where. */
export interface Recorded {
  readonly section: string
  /** Date, machine, load, program and rounds of the run in one line: sections with the same line were one run. */
  readonly run: string
  readonly findings: Findings
}

/** What earlier runs have written; empty if none has. */
export function readRecords(file: string): Recorded[] {
  if (!existsSync(file)) return []
  return JSON.parse(readFileSync(file, 'utf8'), (key, value: unknown) =>
    key === 'measured' && value === null ? Number.NaN : value,
  ) as Recorded[]
}

export function writeRecords(file: string, records: readonly Recorded[]): void {
  writeFileSync(file, `${JSON.stringify(records, undefined, 1)}\n`)
}

/** The sections in their order: those just measured, and for the others what was known of them. */
export function mergeRecords(
  order: readonly string[],
  earlier: readonly Recorded[],
  fresh: readonly Recorded[],
): Recorded[] {
  const known = [...fresh, ...earlier]
  return order.flatMap((name) => known.find(({ section }) => section === name) ?? [])
}

/** The runs, each once, in the order of the sections. */
export function runsOf(records: readonly Recorded[]): string[] {
  return [...new Set(records.map(({ run }) => run))]
}
