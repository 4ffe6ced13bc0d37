import type { Cancellation } from '../base/cancellation.ts'
import type { JsonObject } from '../base/json.ts'
import type { RunFailure, RunOutcome, RunStanding, StepStatus } from './outcome.ts'
import type { WorkflowPlan } from './plan.ts'
import type { CallerPorts } from './ports.ts'
import type { RunEvent } from './run-events.ts'

/** A run of this process, which callers attach to and leave. */
export interface LiveRun {
  readonly id: string
  readonly plan: WorkflowPlan
  /** What `start` was given. */
  readonly caller: JsonObject
  /**
   * How it ends. Rejects only where this process does not bring it to an end: WORKFLOW_RUN_SUSPENDED when the gateway closes
   * (the run goes on after its next start), WORKFLOW_RUN_TAKEN_OVER when another process has it.
   */
  readonly outcome: Promise<RunOutcome>
  /** Stops what runs, cancels its calls and ends the run as `cancelled`. Later calls do nothing. */
  cancel(reason: string): void
}

export interface StartRun {
  readonly plan: WorkflowPlan
  /** Checked, defaults filled in. */
  readonly args: JsonObject
  /** What `portsOf` needs to act for the caller again after a restart, and what tells whose run it is. Kept in the journal. */
  readonly caller: JsonObject
  /** Default: a new one. No run may have had it. */
  readonly id?: string | undefined
  /** For this process; default: `portsOf` of the table. */
  readonly ports?: PortsOf
}

/** Makes what a run needs of the gateway: when it is started, or taken over after a restart. Called before its first step. */
export type PortsOf = (run: {
  readonly id: string
  readonly plan: WorkflowPlan
  readonly caller: JsonObject
}) => CallerPorts

/** What the table knows of a run without reading its journal. Times are milliseconds since 1970. */
export interface RunSummary {
  readonly id: string
  readonly workflow: string
  readonly status: RunStanding
  readonly startedAt: number
  readonly endedAt?: number
  /** The process that runs it, or ran it last. */
  readonly owner: string
  readonly failedStep?: string
  readonly error?: string
  /** Of an ended run: what its journal takes. */
  readonly journalBytes?: number
}

/** One line of the timeline of a run. Sizes are bytes of JSON. */
export interface StepTimeline {
  readonly step: string
  readonly kind: 'tool' | 'elicitation' | 'forEach'
  readonly tool?: string
  /** `waiting`: for the answer to its question. */
  readonly status: StepStatus | 'waiting'
  readonly startedAt?: number
  readonly endedAt?: number
  /** Calls made; for a loop those of all iterations. */
  readonly tries: number
  readonly outputBytes: number
  readonly error?: string
  /** For loops. */
  readonly iterations?: {
    readonly count: number
    readonly completed: number
    readonly failed: number
    readonly running: number
    /** Begun before a crash, and must not be made again: nobody knows how they came out. */
    readonly unknown: number
  }
}

export interface RunDetails extends RunSummary {
  readonly caller: JsonObject
  readonly args: JsonObject
  readonly deadline?: number
  readonly journalBytes: number
  /** In the order of the file. */
  readonly steps: readonly StepTimeline[]
  readonly output?: JsonObject
  readonly failure?: RunFailure
}

/** All runs: those under way here, and what is kept of the others. Rejects with AppErrors of `storage/errors.ts` too. */
export interface RunTable {
  /** Starts a run; resolves when it is in the store, before its first step. */
  start(request: StartRun): Promise<LiveRun>
  /** The run, if it is under way in this process. */
  live(id: string): LiveRun | undefined
  /** How a run ended that is no longer under way; undefined: it is not kept any more, or goes on elsewhere. */
  outcome(id: string): Promise<RunOutcome | undefined>
  /** Latest first. */
  list(): Promise<RunSummary[]>
  get(id: string): Promise<RunDetails | undefined>
  /** False: no such run under way. */
  cancel(id: string, reason: string): Promise<boolean>
  /**
   * By an operator's decision: goes on with a run that did not complete, from its failed step, with a new deadline. A step
   * whose outcome is unknown is called again. Rejects with WORKFLOW_RUN_NOT_RESUMABLE.
   */
  resume(id: string): Promise<LiveRun>
  /** Takes over the unfinished runs of processes that are gone: at start, and later whenever one goes. How many it took. */
  recover(): Promise<number>
  /** Called with every event of runs of this process. Returns the way to stop. */
  subscribe(listener: (event: RunEvent) => void): () => void
  /** Resolves when no run is under way here. */
  idle(signal?: Cancellation): Promise<void>
  /**
   * Starts nothing more; waits for calls under way until the time is over; leaves unfinished runs to the next start where the
   * store outlives the process, else cancels them.
   */
  close(waitMs?: number): Promise<void>
}
