import type { Contestant } from '../contestants/contestant.ts'
import type { Findings } from '../scenarios/section.ts'
import { runsOf, type Recorded } from './records.ts'
import { renderTable, type Table } from './table.ts'
import { verdictRow } from './verdict.ts'

export interface Document {
  readonly contestants: readonly Contestant[]
  readonly records: readonly Recorded[]
}

/** The whole of `docs/reference/benchmarks.md`. */
export function renderDocument(document: Document): string {
  const { records } = document
  const runs = runsOf(records)
  return [
    '# Benchmarks',
    'Written by `npm run bench`; do not edit. Compare ratios, never absolute numbers: other machines, other microseconds.',
    runsText(runs),
    `Each contestant runs in its own process on the same Node, load generator and fixture backend in theirs, all on the same cores. ` +
      'Interleaved rounds; medians, and medians of the ratios round by round. ' +
      '“CPU µs/call” is user and system time of the contestant with its own helper processes; stdio fixtures are “child”. ' +
      '“load core” is the share of a core the load generator used. Each connection has its own session (legacy) or full envelope ' +
      '(modern). A sample of the answers is checked for id and content. Ours has sessions, audit to a file and metrics on.',
    '## Wanted and measured',
    renderTable(verdictsByRun(records, runs)),
    'What is missed and why: [benchmarks-notes.md](benchmarks-notes.md).',
    problemsText(records.map(({ findings }) => findings)),
    '## Contestants',
    renderTable({
      title: '',
      intro: '',
      columns: ['name', 'what it is'],
      rows: document.contestants.map(({ name, what }) => [name, what]),
    }),
    ...records.flatMap(({ findings, run }) =>
      findings.tables.flatMap((table) => renderPart(table, runNote(runs, run))),
    ),
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

/** A figure says from which run it is, as soon as there are several. */
function verdictsByRun(records: readonly Recorded[], runs: readonly string[]): Table {
  const table = verdictTable(records.map(({ findings }) => findings))
  if (runs.length === 1) return table
  const numbers = records.flatMap(({ findings, run }) =>
    findings.verdicts.map(() => String(runs.indexOf(run) + 1)),
  )
  return {
    ...table,
    columns: [...table.columns, 'run'],
    rows: table.rows.map((row, at) => [...row, numbers[at]!]),
  }
}

function runsText(runs: readonly string[]): string {
  if (runs.length === 1) return runs[0]!
  return [
    'Put together from several runs:',
    '',
    ...runs.map((run, at) => `${at + 1}. ${run}`),
  ].join('\n')
}

function runNote(runs: readonly string[], run: string): string {
  return runs.length === 1 ? '' : `Run ${runs.indexOf(run) + 1}.`
}

function renderPart(table: Table, note: string): string[] {
  return [`## ${table.title}`, `${table.intro} ${note}`.trim(), renderTable(table)]
}

function problemsText(findings: readonly Findings[]): string {
  const problems = findings.flatMap((one) => one.problems)
  if (problems.length === 0) return ''
  return ['Noted during the run:', '', ...problems.map((problem) => `- ${problem}`)].join('\n')
}
