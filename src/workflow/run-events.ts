import type { RunStatus, StepStatus } from './outcome.ts'

interface OfRun {
  readonly run: string
  readonly workflow: string
}

interface OfStep extends OfRun {
  readonly step: string
  /** Absent for elicitation steps. */
  readonly tool?: string
}

/** What happens in a run, as it happens. Times are durations in milliseconds. */
export type RunEvent =
  | (OfRun & {
      readonly kind: 'run-started'
      readonly steps: number
      /** After a crash, or by an operator's `resume`. */
      readonly continued: boolean
    })
  | (OfStep & { readonly kind: 'step-started' })
  | (OfStep & {
      readonly kind: 'step-finished'
      readonly status: StepStatus
      readonly tries: number
      readonly durationMs: number
      readonly error?: string
    })
  | (OfStep & {
      readonly kind: 'iteration-finished'
      readonly iteration: number
      readonly status: StepStatus
      readonly tries: number
      readonly error?: string | undefined
    })
  | (OfStep & {
      readonly kind: 'retrying'
      readonly iteration?: number | undefined
      /** The try that failed, from 1. */
      readonly attempt: number
      readonly delayMs: number
      readonly error: string
    })
  | (OfStep & { readonly kind: 'question-asked'; readonly key: string; readonly timeoutMs: number })
  | (OfStep & {
      readonly kind: 'question-answered'
      readonly key: string
      /** `accept`, `decline`, `cancel`, or `timeout`. */
      readonly action: string
    })
  | (OfRun & {
      readonly kind: 'run-finished'
      readonly status: RunStatus
      readonly durationMs: number
      readonly failedStep?: string
      readonly error?: string
    })
