import type { JsonObject } from '../base/json.ts'
import type { IterationEnd } from './engine/loop-output.ts'
import type {
  ItemFinished,
  JournalEntry,
  RunFinished,
  RunStarted,
  StepFinished,
} from './journal.ts'

/** What earlier lives of a run did, read from its journal. */
export interface RecoveredRun {
  readonly started: RunStarted
  /** Changed by a resume. */
  readonly deadline: number | undefined
  readonly steps: ReadonlyMap<string, RecoveredStep>
  /** The run was being stopped. */
  readonly stopping:
    | { readonly status: 'cancelled' | 'timed_out'; readonly message: string }
    | undefined
  readonly finished: RunFinished | undefined
}

export interface RecoveredStep {
  /** It ended; never called again. */
  end?: StepFinished
  call?: RecoveredCall
  items: Map<number, RecoveredItem>
  /** Until when the question that was asked may be answered. */
  deadline?: number
  answer?: JsonObject
}

export interface RecoveredItem {
  end?: IterationEnd
  call?: RecoveredCall
}

/** A call that was begun. */
export interface RecoveredCall {
  /** Tries that failed. */
  attempts: number
  /** Whether doing it twice does no harm, by its tool. */
  safe: boolean
  /** One was under way at the end, or its result was not kept. */
  open: 'calling' | 'omitted' | undefined
  /** The one under way was handed over to the fleet. */
  job?: string | undefined
}

/** Reads a journal; undefined when it does not begin with the start of a run. */
export function recoverRun(entries: readonly JournalEntry[]): RecoveredRun | undefined {
  const [started] = entries
  if (started?.kind !== 'run-started') return undefined
  let { deadline } = started
  let stopping: RecoveredRun['stopping']
  let finished: RunFinished | undefined
  const steps = new Map<string, RecoveredStep>()
  for (const entry of entries) {
    switch (entry.kind) {
      case 'run-started':
      case 'run-taken':
      case 'loop-started':
        break
      case 'run-stopping':
        stopping = { status: entry.status, message: entry.message }
        break
      case 'run-finished':
        finished = entry
        break
      case 'run-resumed':
        deadline = entry.deadline
        stopping = undefined
        finished = undefined
        forgetFailures(steps)
        break
      default:
        takeStepEntry(steps, entry)
    }
  }
  return { started, deadline, steps, stopping, finished }
}

type StepEntry = Exclude<JournalEntry, { kind: `run-${string}` } | { kind: 'loop-started' }>

function takeStepEntry(steps: Map<string, RecoveredStep>, entry: StepEntry): void {
  const step = stepOf(steps, entry.step)
  switch (entry.kind) {
    case 'call-started': {
      const place = placeOf(step, entry.item)
      const { safe, job } = entry
      place.call = { attempts: place.call?.attempts ?? 0, safe, open: 'calling', job }
      break
    }
    case 'call-failed': {
      const place = placeOf(step, entry.item)
      place.call = { attempts: entry.attempt, safe: place.call?.safe ?? false, open: undefined }
      break
    }
    case 'asked':
      step.deadline = entry.deadline
      break
    case 'answered':
      step.answer = entry.answer
      break
    case 'item-finished': {
      const place = placeOf(step, entry.item)
      if (entry.omittedBytes !== undefined && place.call) place.call.open = 'omitted'
      else place.end = iterationEnd(entry)
      break
    }
    case 'step-finished':
      if (entry.omittedBytes !== undefined && step.call) step.call.open = 'omitted'
      else step.end = entry
  }
}

/** A resume goes on from what failed: failed and interrupted steps and iterations begin anew. */
function forgetFailures(steps: Map<string, RecoveredStep>): void {
  for (const [id, step] of steps) {
    const { end } = step
    if (end?.status === 'completed' || end?.status === 'skipped' || end?.goOn === true) continue
    const items = [...step.items].filter(
      ([, { end }]) => end !== undefined && end.status !== 'failed' && end.status !== 'cancelled',
    )
    steps.set(id, { items: new Map(items) })
  }
}

function iterationEnd({ status, tries, output, error, unknown }: ItemFinished): IterationEnd {
  return {
    status: status === 'pending' || status === 'running' ? 'cancelled' : status,
    tries,
    ...(output === undefined ? {} : { output }),
    ...(error === undefined ? {} : { error }),
    ...(unknown === undefined ? {} : { unknown }),
  }
}

function stepOf(steps: Map<string, RecoveredStep>, id: string): RecoveredStep {
  let step = steps.get(id)
  if (step === undefined) steps.set(id, (step = { items: new Map() }))
  return step
}

function placeOf(step: RecoveredStep, index: number | undefined): RecoveredStep | RecoveredItem {
  if (index === undefined) return step
  let item = step.items.get(index)
  if (item === undefined) step.items.set(index, (item = {}))
  return item
}
