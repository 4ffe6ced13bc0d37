import { parseJson } from '../base/parse-json.ts'
import { redact } from '../telemetry/redact.ts'
import type { RunDetails, RunSummary } from '../workflow/runs.ts'
import type { RunQuestion } from './run-questions.ts'

/** A run in a list, as the API tells of it. Times are RFC 3339. */
export interface RunView {
  readonly id: string
  readonly workflow: string
  readonly status: RunSummary['status']
  readonly startedAt: string
  readonly endedAt?: string
  readonly durationMs: number
  /** The process that runs it, or ran it last. */
  readonly owner: string
  readonly failedStep?: string
  readonly error?: string
}

/** One run with the timeline of its steps. What looks like a credential is masked. */
export interface RunDetailsView extends RunView {
  readonly arguments: unknown
  readonly deadline?: string
  readonly journalBytes: number
  readonly steps: readonly StepView[]
  /** What it waits for, as far as the gateway that was asked has the run. */
  readonly questions?: readonly QuestionView[]
  readonly output?: unknown
  readonly failure?: unknown
}

export interface QuestionView {
  readonly question: string
  readonly message: unknown
  readonly schema: unknown
}

export interface StepView extends Omit<RunDetails['steps'][number], 'startedAt' | 'endedAt'> {
  /** Milliseconds after the start of the run. */
  readonly startedMs?: number
  readonly durationMs?: number
}

/** `nowMs`: for how long those under way have run. */
export function toRunView(run: RunSummary, nowMs: number): RunView {
  const { id, workflow, status, startedAt, endedAt, owner, failedStep, error } = run
  return {
    id,
    workflow,
    status,
    startedAt: time(startedAt),
    ...(endedAt === undefined ? {} : { endedAt: time(endedAt) }),
    durationMs: (endedAt ?? nowMs) - startedAt,
    owner,
    ...(failedStep === undefined ? {} : { failedStep }),
    ...(error === undefined ? {} : { error: redact(error) }),
  }
}

export function toRunDetailsView(
  run: RunDetails,
  nowMs: number,
  questions: readonly RunQuestion[] = [],
): RunDetailsView {
  const { args, deadline, journalBytes, steps, output, failure } = run
  return {
    ...toRunView(run, nowMs),
    arguments: masked(args),
    ...(deadline === undefined ? {} : { deadline: time(deadline) }),
    journalBytes,
    steps: steps.map((step) => toStepView(step, run.startedAt, run.endedAt ?? nowMs)),
    ...(questions.length === 0 ? {} : { questions: questions.map(toQuestionView) }),
    ...(output === undefined ? {} : { output: masked(output) }),
    ...(failure === undefined ? {} : { failure: masked(failure) }),
  }
}

function toQuestionView({ key, params }: RunQuestion): QuestionView {
  const { message, requestedSchema } = params
  return {
    question: key,
    message: typeof message === 'string' ? redact(message) : message,
    schema: requestedSchema,
  }
}

function toStepView(
  { startedAt, endedAt, error, ...step }: RunDetails['steps'][number],
  runStartedAt: number,
  untilMs: number,
): StepView {
  return {
    ...step,
    ...(startedAt === undefined
      ? {}
      : { startedMs: startedAt - runStartedAt, durationMs: (endedAt ?? untilMs) - startedAt }),
    ...(error === undefined ? {} : { error: redact(error) }),
  }
}

function masked(value: object): unknown {
  return parseJson(redact(JSON.stringify(value)))
}

function time(ms: number): string {
  return new Date(ms).toISOString()
}
