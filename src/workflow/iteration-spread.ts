import type { JsonObject } from '../base/json.ts'
import type { StepCall } from './ports.ts'

/**
 * Where loops with `distribution: fleet` have their iterations done. What is handed over is the call of the tool: collection,
 * order, `maxParallel`, tries, journal and result of the loop stay with the run, so they are the same as for `local`.
 */
export interface IterationSpread {
  of(run: SpreadRun): RunSpread
}

/** In whose name calls are handed over. */
export interface SpreadRun {
  readonly id: string
  readonly workflow: string
  /** What the run was started with: see `StartRun`. */
  readonly caller: JsonObject
  /** The run goes on elsewhere: what was handed over is not cancelled with it. */
  readonly isLeft: () => boolean
}

/** What one run hands over. A job is a call under a name of its own, which the journal keeps. */
export interface RunSpread {
  /** Whether somebody else is there to do it; asked before each call. False: the call is made here. */
  isShared(): boolean
  /** A name that no job ever had. */
  newJob(): string
  /**
   * Hands a call over; settles like `CallerPorts.call`. Rejects with WORKFLOW_WORKER_LOST when nobody can know any more whether
   * it was made. Cancelled, it is not begun any more, or its worker is told.
   */
  call(job: string, call: StepCall): Promise<JsonObject>
  /** The same for a job that an earlier life of the run handed over. */
  outcome(job: string, call: StepCall): Promise<JsonObject>
  /** Its outcome is written down. Never rejects. */
  forget(job: string): void
}
