import { workflowErrors } from '../errors.ts'
import type { RunOutcome } from '../outcome.ts'
import type { Ending, Executed } from './execute-steps.ts'
import { convertOutput } from '../convert-output.ts'
import { expandWith } from './expand-with.ts'
import { defaultOutputStep, outputOf } from './run-output.ts'
import { reportSteps } from './run-record.ts'
import type { RunScope } from './run-scope.ts'

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
    // What is told must be known after a crash too. The work is done, so it is told even if the journal fails now.
    await ports.journal.commit()
  } catch {
    // Whoever owns the journal reports it.
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
  const made = convertOutput(plan.output, expandWith(data.root))
  if (made.ok) return { outcome: { status: 'completed', output: made.value } }
  const message = `output "${made.property}" ${made.reason}`
  return { outcome: notCompleted(scope, ends, { status: 'failed', failure: { message } }) }
}

function notCompleted(
  { plan }: RunScope,
  ends: Executed['ends'],
  { status, failure }: Ending,
): RunOutcome {
  const completed = plan.steps.filter((_, place) => ends[place]?.status === 'completed')
  return {
    status,
    failure,
    completed: completed.map(({ id }) => id),
    steps: reportSteps(plan, ends),
  }
}
