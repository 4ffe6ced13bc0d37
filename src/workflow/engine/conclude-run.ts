import { workflowErrors } from '../errors.ts'
import type { RunFailure, RunOutcome, UnknownCall } from '../outcome.ts'
import type { Ending, Executed } from './execute-steps.ts'
import { convertOutput } from '../convert-output.ts'
import { ExpandWith } from './expand-with.ts'
import { outputFailure } from './output-failure.ts'
import { defaultOutputStep, outputOf } from './run-output.ts'
import { reportSteps } from './run-record.ts'
import type { RunScope } from './run-scope.ts'
import type { StepEnd } from './step-end.ts'

/** Makes the outcome of what was executed and writes it down. Rejects with WORKFLOW_RUN_SUSPENDED. */
export async function concludeRun(
  scope: RunScope,
  executed: Executed,
  durationMs: number,
): Promise<RunOutcome> {
  const { run, plan, ports } = scope
  if (executed.suspended) throw workflowErrors.RUN_SUSPENDED({ run })
  const { outcome, outputOf: step } = outcomeOf(scope, executed)
  const failure = outcome.status === 'completed' ? undefined : outcome.failure
  ports.journal.add({
    kind: 'run-finished',
    at: ports.now(),
    status: outcome.status,
    ...(failure === undefined ? {} : { failure }),
    ...(step === undefined ? {} : { outputOf: step }),
    ...(outcome.status === 'completed' && step === undefined ? { output: outcome.output } : {}),
  })
  ports.event({
    kind: 'run-finished',
    run,
    workflow: plan.name,
    status: outcome.status,
    durationMs,
    ...(failure?.step === undefined ? {} : { failedStep: failure.step }),
    ...(failure === undefined ? {} : { error: failure.message }),
  })
  try {
    // What is told must be known after a crash too.
    await ports.journal.commit()
  } catch {
    // Whoever owns the journal sees to it that nothing is told that it will not say.
  }
  return outcome
}

function outcomeOf(
  scope: RunScope,
  { ends, ending }: Executed,
): { outcome: RunOutcome; outputOf?: string } {
  const { plan, data } = scope
  if (ending !== undefined) return { outcome: notCompleted(scope, ends, ending) }
  if (plan.output === undefined) {
    const place = defaultOutputStep(plan, ends)
    if (place === undefined) return { outcome: { status: 'completed', output: {} } }
    const output = outputOf(ends[place])
    return { outcome: { status: 'completed', output }, outputOf: plan.steps[place]!.id }
  }
  const made = convertOutput(plan.output, new ExpandWith(data.root))
  if (made.ok) return { outcome: { status: 'completed', output: made.value } }
  const failure = outputFailure(plan, ends, made)
  return { outcome: notCompleted(scope, ends, { status: 'failed', failure }) }
}

function notCompleted(
  { plan }: RunScope,
  ends: Executed['ends'],
  { status, failure: reason }: Ending,
): RunOutcome {
  const unknown = plan.steps.flatMap(({ id }, place) => unknownCalls(id, ends[place]))
  const failure = unknown.length === 0 ? reason : { ...reason, ...tellUnknown(reason, unknown) }
  const completed = plan.steps.filter((_, place) => ends[place]?.status === 'completed')
  return {
    status,
    failure,
    completed: completed.map(({ id }) => id),
    steps: reportSteps(plan, ends),
  }
}

function unknownCalls(step: string, end: StepEnd | undefined): UnknownCall[] {
  if (end?.status !== 'unknown') return []
  return end.iterations?.map((iteration) => ({ step, iteration })) ?? [{ step }]
}

/** Whatever ended the run, what may have been done has to be told. */
function tellUnknown(
  { message, step }: RunFailure,
  unknown: readonly UnknownCall[],
): Pick<RunFailure, 'message' | 'unknown'> {
  const others = new Set(unknown.map((call) => call.step).filter((one) => one !== step))
  if (others.size === 0) return { message, unknown }
  const names = Array.from(others, (name) => `"${name}"`).join(', ')
  return { message: `${message}; it is not known either what became of ${names}`, unknown }
}
