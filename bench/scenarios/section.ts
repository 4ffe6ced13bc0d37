import type { RunningFixtures } from '../backends/start-fixtures.ts'
import type { Generator } from '../load/generator.ts'
import type { Table } from '../report/table.ts'
import type { Verdict } from '../report/verdict.ts'
import type { Settings } from './settings.ts'

export interface Bench {
  readonly settings: Settings
  readonly fixtures: RunningFixtures
  readonly generator: Generator
  /** One line of progress. */
  say(text: string): void
}

/** What one part of the benchmark found. */
export interface Findings {
  readonly tables: readonly Table[]
  readonly verdicts: readonly Verdict[]
  /** Wrong answers, contestants that did not start, a load generator at its limit. */
  readonly problems: readonly string[]
}

export interface Section {
  readonly name: string
  run(bench: Bench): Promise<Findings>
}
