import type { Cancellation } from '../../base/cancellation.ts'
import { toDurationText } from '../../base/duration.ts'
import type { RunFailure, RunStatus } from '../outcome.ts'
import { redactInput } from '../redact-input.ts'
import { isInDoubt } from './doubt.ts'
import { messageOf } from './message-of.ts'
import { dependenciesOf, dependencyOrder, restoreSteps } from './restore-steps.ts'
import { createRunRecord } from './run-record.ts'
import type { RunScope } from './run-scope.ts'
import { runStep } from './run-step.ts'
import { createSchedule } from './schedule.ts'
import type { StepEnd } from './step-end.ts'
import { limitTime } from './time-limit.ts'

/** Why a run stopped before all its steps were done. */
export interface Ending {
  readonly status: Exclude<RunStatus, 'completed'>
  readonly failure: RunFailure
}

export interface Executed {
  readonly ends: readonly (StepEnd | undefined)[]
  /** Undefined: it went through, or it was suspended. */
  readonly ending: Ending | undefined
  readonly suspended: boolean
}

/** Runs the steps of a run, each the moment its dependencies are done, until nothing is left or something ends the run. */
export async function executeSteps(
  scope: RunScope,
  limits: { cancellation: Cancellation; deadline: number | undefined },
): Promise<Executed> {
  const { plan, ports, recovered } = scope
  const dependencies = dependenciesOf(plan)
  const record = createRunRecord(scope)
  restoreSteps(scope, record, dependencyOrder(dependencies))
  scope.progress.begin()
  const skipping = record.ends.some(skipsRest)
  const begun = (place: number): boolean => recovered?.steps.has(plan.steps[place]!.id) === true
  const schedule = createSchedule({
    dependencies,
    maxParallel: plan.maxParallel,
    done: (place) => record.ends[place] !== undefined || (skipping && !begun(place)),
  })
  let ending: Ending | undefined

  function stop(reason: Ending): void {
    if (ending !== undefined) return
    ending = reason
    schedule.stop()
    scope.cancellation.cancel(reason.failure.message)
  }

  /** A mistake of ours fails the step, and so the run: it must never hang. */
  async function perform(place: number): Promise<void> {
    let stepEnd: StepEnd
    try {
      record.begin(place)
      stepEnd = await runStep(scope, plan.steps[place]!)
    } catch (error) {
      stepEnd = internalFailure(error)
    }
    try {
      end(place, stepEnd)
    } catch (error) {
      end(place, internalFailure(error))
    }
  }

  function end(place: number, stepEnd: StepEnd): void {
    record.end(place, stepEnd)
    const reason = endingBy(plan.steps[place]!.id, stepEnd)
    if (reason !== undefined) stop(reason)
    if (skipsRest(stepEnd)) schedule.stop()
  }

  function internalFailure(error: unknown): StepEnd {
    ports.bug?.(error)
    return { status: 'failed', tries: 0, error: `internal error: ${messageOf(error)}`, goOn: false }
  }

  function interrupt(status: 'cancelled' | 'timed_out', message: string): void {
    if (ending !== undefined) return
    ports.journal.add({ kind: 'run-stopping', at: ports.now(), status, message })
    stop({ status, failure: { message } })
  }

  function timeOut(): void {
    interrupt('timed_out', `workflow timed out after ${toDurationText(plan.timeoutMs)}`)
  }

  for (const [place, stepEnd] of record.ends.entries()) {
    const reason = stepEnd && endingBy(plan.steps[place]!.id, stepEnd)
    if (reason !== undefined) stop(reason)
  }
  if (recovered?.stopping !== undefined) {
    const { status, message } = recovered.stopping
    stop({ status, failure: { message } })
  }
  const leftMs =
    limits.deadline === undefined ? undefined : Math.max(0, limits.deadline - ports.now())
  const limit = limitTime(limits.cancellation, leftMs)
  const leave = [
    limit.cancellation.onCancel((reason) =>
      limit.expired ? timeOut() : interrupt('cancelled', `workflow cancelled: ${reason}`),
    ),
    scope.suspension.onCancel(() => schedule.stop()),
  ]

  try {
    // A timer would let steps start first.
    if (leftMs === 0) timeOut()
    // Before anything else begins: nobody knows how these came out.
    for (const [place, step] of plan.steps.entries()) {
      if (isInDoubt(scope, step)) await perform(place)
    }
    await new Promise<void>((resolve, reject) => {
      function startReady(): void {
        for (const place of schedule.take()) {
          perform(place)
            .then(() => {
              schedule.end(place)
              startReady()
            })
            .catch(reject)
        }
        if (schedule.over) resolve()
      }
      startReady()
    })
  } finally {
    for (const stopListening of leave) stopListening()
    limit.end()
  }

  const open = [...record.ends.keys()].filter((place) => isOpen(record.ends[place]))
  const suspended = ending === undefined && scope.suspension.cancelled && open.length > 0
  if (ending === undefined && !suspended) {
    for (const place of open) {
      const output = plan.steps[place]!.defaultResults ?? {}
      record.end(place, { status: 'skipped', tries: 0, output })
    }
  }
  return { ends: record.ends, ending, suspended }
}

function endingBy(step: string, end: StepEnd): Ending | undefined {
  if (end.status !== 'failed' && end.status !== 'unknown') return undefined
  if (end.status === 'failed' && end.goOn) return undefined
  const tries = end.tries > 1 ? ` after ${end.tries} tries` : ''
  const { error, iteration, input } = end
  const details = {
    step,
    tries: end.tries,
    ...(iteration === undefined ? {} : { iteration }),
    ...(input === undefined ? {} : { input: redactInput(input) }),
  }
  return end.status === 'unknown'
    ? {
        status: 'outcome_unknown',
        failure: { message: `outcome unknown of step "${step}": ${error}`, ...details },
      }
    : {
        status: 'failed',
        failure: { message: `step "${step}" failed${tries}: ${error}`, ...details },
      }
}

function skipsRest(end: StepEnd | undefined): boolean {
  return end?.status === 'completed' && end.skipRemaining === true
}

function isOpen(end: StepEnd | undefined): boolean {
  return end === undefined || end.status === 'suspended'
}
