import { rebuildEnds } from './engine/rebuild-ends.ts'
import { outputOf } from './engine/run-output.ts'
import { reportSteps } from './engine/run-record.ts'
import type { RunOutcome } from './outcome.ts'
import type { WorkflowPlan } from './plan.ts'
import type { RecoveredRun } from './recover-run.ts'

/** How an ended run ended, from its journal; undefined: it did not end yet. */
export function rebuildOutcome(
  plan: WorkflowPlan,
  run: string,
  recovered: RecoveredRun,
): RunOutcome | undefined {
  const { finished } = recovered
  if (finished === undefined) return undefined
  const ends = rebuildEnds(plan, run, recovered)
  const { output, outputOf: step, omittedBytes } = finished
  const place = plan.steps.findIndex(({ id }) => id === step)
  const end = ends[place]
  const given = output ?? (end?.status === 'completed' ? outputOf(end) : undefined)
  if (finished.status === 'completed' && given !== undefined) {
    return { status: 'completed', output: given }
  }
  if (finished.status === 'completed' && step === undefined && omittedBytes === undefined) {
    return { status: 'completed', output: {} }
  }
  const status = finished.status === 'completed' ? 'failed' : finished.status
  const failure = finished.failure ?? {
    message: 'the run completed, but its result was too large to be kept (workflows.maxRunBytes)',
  }
  const completed = plan.steps.filter((_, at) => ends[at]?.status === 'completed')
  return {
    status,
    failure,
    completed: completed.map(({ id }) => id),
    steps: reportSteps(plan, ends),
  }
}
