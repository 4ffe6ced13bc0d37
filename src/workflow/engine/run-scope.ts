import type { Cancellation } from '../../base/cancellation.ts'
import type { RunSpread } from '../iteration-spread.ts'
import type { WorkflowPlan } from '../plan.ts'
import type { WorkflowPorts } from '../ports.ts'
import type { RecoveredRun } from '../recover-run.ts'
import type { ProgressCounter } from './progress-counter.ts'
import type { RunData } from './run-data.ts'

/** What the parts of one run share. */
export interface RunScope {
  readonly run: string
  readonly plan: WorkflowPlan
  readonly ports: WorkflowPorts
  readonly data: RunData
  readonly progress: ProgressCounter
  /** The end of everything that runs. */
  readonly cancellation: Cancellation
  /** Nothing new begins in this process; what runs may end. */
  readonly suspension: Cancellation
  readonly recovered: RecoveredRun | undefined
  /** For loops with `distribution: fleet`; undefined: there is no fleet. */
  readonly spread: RunSpread | undefined
}
