import { renderTable, type Table } from '../../../bench/report/table.ts'
import type { Figures } from './figures.ts'
import type { Outcome, Scenario } from './run-scenario.ts'
import { shareText, verdictOf } from './verdict.ts'

/** A scenario that was run. */
export interface Reported {
  readonly scenario: Pick<Scenario, 'name' | 'title'>
  readonly outcome: Outcome
}

const COLUMNS: readonly (readonly [name: string, of: (figures: Figures) => string])[] = [
  ['calls', ({ calls }) => String(calls)],
  ['normal', ({ normal, calls }) => shareText(normal, calls)],
  ['retried', ({ retried }) => String(retried)],
  ['unknown', ({ unknown }) => String(unknown)],
  ['errors', ({ refused }) => String(refused)],
  ['unanswered', ({ unanswered }) => String(unanswered)],
  ['duplicates', ({ duplicates }) => String(duplicates)],
  ['untrue', ({ untrue }) => String(untrue)],
  ['dead', ({ deadSessions }) => String(deadSessions)],
  ['p50 ms', ({ p50Ms }) => p50Ms.toFixed(0)],
  ['p99 ms', ({ p99Ms }) => p99Ms.toFixed(0)],
  ['slowest s', ({ slowestMs }) => (slowestMs / 1000).toFixed(1)],
  ['recovery p99 ms', ({ recoveryP99Ms }) => recoveryP99Ms.toFixed(0)],
]

/** All scenarios, one line each. */
export function tableOf(reported: readonly Reported[]): Table {
  return {
    title: 'Scenarios',
    intro: '',
    columns: ['scenario', ...COLUMNS.map(([name]) => name), 'as wanted?'],
    rows: reported.map(({ scenario, outcome: { figures } }) => [
      scenario.title,
      ...COLUMNS.map(([, of]) => of(figures)),
      judgement(figures),
    ]),
  }
}

/** One scenario in one line. */
export function lineOf({ scenario, outcome: { figures } }: Reported): string {
  const parts = COLUMNS.map(([name, of]) => `${name} ${of(figures)}`)
  return `${scenario.name}: ${parts.join(' · ')} · ${judgement(figures)}`
}

function judgement(figures: Figures): string {
  const { broken, missed } = verdictOf(figures)
  if (broken.length > 0) return `**broken**: ${[...broken, ...missed].join(', ')}`
  return missed.length > 0 ? `missed: ${missed.join(', ')}` : 'yes'
}

/** The generated part of `docs/reference/resilience.md`. */
export function renderResults(reported: readonly Reported[], machine: string): string {
  return `${machine}\n\n${renderTable(tableOf(reported))}\n`
}
