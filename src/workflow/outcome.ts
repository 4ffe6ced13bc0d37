import type { Json, JsonObject } from '../base/json.ts'

/** How a step stands. `pending` in an ended run: it never started. `cancelled`: it was interrupted because the run ended. */
export type StepStatus = 'pending' | 'running' | 'completed' | 'failed' | 'skipped' | 'cancelled'

/** How an ended run ended. `outcome_unknown`: the gateway died during a call that must not be made twice. */
export type RunStatus = 'completed' | 'failed' | 'timed_out' | 'cancelled' | 'outcome_unknown'

/** How a run stands, under way or ended. `waiting`: for an answer of its caller. */
export const RUN_STANDINGS = [
  'running',
  'waiting',
  'completed',
  'failed',
  'timed_out',
  'cancelled',
  'outcome_unknown',
] as const satisfies readonly (RunStatus | 'running' | 'waiting')[]

export type RunStanding = (typeof RUN_STANDINGS)[number]

/** Why a run did not complete. */
export interface RunFailure {
  /** One sentence, without the prefix "Workflow execution failed:". */
  readonly message: string
  /**
   * The step that ended the run, or without whose output there is no result; absent: the timeout, a cancellation, or the
   * output block alone.
   */
  readonly step?: string
  /** The iteration that ended the loop that ended the run. */
  readonly iteration?: number
  readonly tries?: number
  /** What the step was called with, credentials masked. */
  readonly input?: Json
  /** Every call that was under way when the gateway died, and must not be made twice: it may have done its work. */
  readonly unknown?: readonly UnknownCall[]
}

/** A call of which nobody knows whether it did its work. */
export interface UnknownCall {
  readonly step: string
  readonly iteration?: number
}

/** One step in the partial results of a run. */
export interface StepReport {
  readonly status: StepStatus
  readonly output?: JsonObject
  readonly error?: string
}

/** How a run ended, and with what. */
export type RunOutcome =
  | { readonly status: 'completed'; readonly output: JsonObject }
  | {
      readonly status: Exclude<RunStatus, 'completed'>
      readonly failure: RunFailure
      /** Ids of the completed steps, in order of the file. */
      readonly completed: readonly string[]
      /** Every step of the plan, by id. */
      readonly steps: Readonly<Record<string, StepReport>>
    }
