import type { Json, JsonObject } from '../../base/json.ts'
import type { StepOutput } from './tool-output.ts'

/** How one tool call with all its tries came out. */
export type CallEnd =
  | ({ readonly status: 'completed'; readonly tries: number } & StepOutput)
  | {
      readonly status: 'failed'
      readonly tries: number
      readonly error: string
      readonly input?: JsonObject
    }
  | { readonly status: 'cancelled'; readonly tries: number; readonly error: string }
  /** It may have been made before a crash, and must not be made twice. */
  | {
      readonly status: 'unknown'
      readonly tries: number
      readonly error: string
      readonly input?: JsonObject
    }
  /** The gateway closes; it was not begun, or is to be continued. */
  | { readonly status: 'suspended' }

/** How a step came out, and what that means for the run. */
export type StepEnd =
  | {
      readonly status: 'completed' | 'skipped'
      readonly tries: number
      readonly output: JsonObject
      readonly content?: JsonObject | undefined
      /** Steps that have not started are skipped. */
      readonly skipRemaining?: boolean
    }
  | {
      readonly status: 'failed'
      /** For a loop that an iteration ended: those of the iteration. */
      readonly tries: number
      readonly error: string
      /** What it gives nevertheless: its default results, or what a loop did. */
      readonly output?: JsonObject
      readonly input?: Json
      readonly iteration?: number
      /** The run goes on. */
      readonly goOn: boolean
    }
  | {
      readonly status: 'cancelled'
      readonly tries: number
      readonly error: string
      readonly output?: JsonObject
    }
  | {
      readonly status: 'unknown'
      readonly tries: number
      readonly error: string
      readonly input?: Json
      /** For a loop: the first of the iterations whose outcome is unknown, and all of them. */
      readonly iteration?: number
      readonly iterations?: readonly number[]
      readonly output?: JsonObject
    }
  | { readonly status: 'suspended' }
