import type { JsonObject } from '../base/json.ts'
import type { RunFailure, RunStatus, StepStatus } from './outcome.ts'

/** What a run writes down before and after everything that must not happen twice. Times are milliseconds since 1970. */
export type JournalEntry =
  | RunStarted
  | { readonly kind: 'run-taken'; readonly at: number; readonly owner: string }
  | {
      readonly kind: 'run-stopping'
      readonly at: number
      readonly status: 'cancelled' | 'timed_out'
      readonly message: string
    }
  | { readonly kind: 'run-resumed'; readonly at: number; readonly deadline?: number }
  | (OfCall & {
      readonly kind: 'call-started'
      readonly safe: boolean
      /** It was handed over to the fleet under this name. */
      readonly job?: string | undefined
    })
  | (OfCall & { readonly kind: 'call-failed'; readonly error: string })
  | {
      readonly kind: 'loop-started'
      readonly at: number
      readonly step: string
      readonly count: number
    }
  | ItemFinished
  | {
      readonly kind: 'asked'
      readonly at: number
      readonly step: string
      readonly deadline: number
    }
  | {
      readonly kind: 'answered'
      readonly at: number
      readonly step: string
      readonly answer: JsonObject
    }
  | StepFinished
  | RunFinished

interface OfCall {
  readonly at: number
  readonly step: string
  readonly item?: number | undefined
  readonly attempt: number
}

export interface RunStarted {
  readonly kind: 'run-started'
  readonly at: number
  readonly workflow: string
  readonly digest: string
  /** The composite tool as written: what continues, whatever the file says by then. */
  readonly definition: JsonObject
  readonly args: JsonObject
  /** What the gateway needs to act for the caller again; opaque here. */
  readonly caller: JsonObject
  readonly owner: string
  readonly deadline?: number
}

interface Finished {
  readonly at: number
  readonly step: string
  readonly status: StepStatus
  readonly tries: number
  readonly output?: JsonObject | undefined
  readonly error?: string | undefined
  /** The output had so many bytes and was left out, because the journal of the run is full. */
  readonly omittedBytes?: number
}

/** An iteration of a loop ended. */
export interface ItemFinished extends Finished {
  readonly kind: 'item-finished'
  readonly item: number
  /** It is not known whether its call did its work; the status is `failed`. */
  readonly unknown?: true | undefined
}

/** A step ended. The output of a loop is not here: its iterations were written one by one. */
export interface StepFinished extends Finished {
  readonly kind: 'step-finished'
  /** The content map, where the output is not the same. */
  readonly content?: JsonObject
  /** Steps that had not started are skipped. */
  readonly skipRemaining?: true
  /** It is not known whether its call did its work; the status is `failed`. */
  readonly unknown?: true
  /** It failed, and the run went on. */
  readonly goOn?: true
}

/** The run ended. What its steps gave is not repeated here. */
export interface RunFinished {
  readonly kind: 'run-finished'
  readonly at: number
  readonly status: RunStatus
  readonly output?: JsonObject
  readonly omittedBytes?: number
  /** The output is that of this step. */
  readonly outputOf?: string
  readonly failure?: RunFailure
}

/** Where a run writes its journal. */
export interface RunJournal {
  /**
   * Takes an entry, which nobody changes any more; it is written soon, in order, together with others of the same turn of the
   * event loop.
   */
  add(entry: JournalEntry): void
  /** Resolves when everything added is durable; undefined: nothing to wait for. Rejects when it cannot be. */
  commit(): Promise<void> | undefined
}

/** For runs that end with the process. */
export const noJournal: RunJournal = { add: () => {}, commit: () => undefined }
