import type { Contestant } from '../contestants/contestant.ts'
import type { Findings } from '../scenarios/section.ts'
import type { Settings } from '../scenarios/settings.ts'
import { renderTable, type Table } from './table.ts'
import { verdictRow } from './verdict.ts'

export interface Document {
  readonly machine: string
  readonly load: string
  readonly date: string
  readonly settings: Settings
  readonly program: string
  readonly contestants: readonly Contestant[]
  readonly findings: readonly Findings[]
}

/** The whole of `docs/reference/benchmarks.md`. */
export function renderDocument(document: Document): string {
  const { settings, findings } = document
  return [
    '# Benchmarks',
    'Written by `npm run bench`; do not edit. Compare ratios, never absolute numbers: other machines, other microseconds.',
    `Machine: ${document.machine}. ${document.date}. ${document.load} Ours run from \`${document.program}\`.`,
    `Each contestant runs in its own process on the same Node, load generator and fixture backend in theirs, all on the same cores. ` +
      `${settings.rounds} interleaved rounds of ${settings.measureMs} ms; medians, and medians of the ratios round by round. ` +
      '“CPU µs/call” is user and system time of the contestant with its own helper processes; stdio fixtures are “child”. ' +
      '“load core” is the share of a core the load generator used. Each connection has its own session (legacy) or full envelope ' +
      '(modern). A sample of the answers is checked for id and content. Ours has sessions, audit to a file and metrics on.',
    '## Wanted and measured',
    renderTable(verdictTable(findings)),
    'What is missed and why: [benchmarks-notes.md](benchmarks-notes.md).',
    problemsText(findings),
    '## Contestants',
    renderTable({
      title: '',
      intro: '',
      columns: ['name', 'what it is'],
      rows: document.contestants.map(({ name, what }) => [name, what]),
    }),
    ...findings.flatMap(({ tables }) => tables).flatMap(renderPart),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n')
}

export function verdictTable(findings: readonly Findings[]): Table {
  return {
    title: 'Wanted and measured',
    intro: '',
    columns: ['what', 'wanted', 'measured', 'met?'],
    rows: findings.flatMap(({ verdicts }) => verdicts).map(verdictRow),
  }
}

function renderPart(table: Table): string[] {
  return [`## ${table.title}`, table.intro, renderTable(table)]
}

function problemsText(findings: readonly Findings[]): string {
  const problems = findings.flatMap((one) => one.problems)
  if (problems.length === 0) return ''
  return ['Noted during the run:', '', ...problems.map((problem) => `- ${problem}`)].join('\n')
}
