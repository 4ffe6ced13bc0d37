import type { JsonObject } from '../base/json.ts'
import type { WorkflowPlan } from './plan.ts'
import { rebuildOutcome } from './rebuild-outcome.ts'
import type { RecoveredRun } from './recover-run.ts'
import { redactInput } from './redact-input.ts'
import type { StoredRun } from './run-store.ts'
import type { RunDetails, RunSummary } from './runs.ts'
import { timelineOf } from './timeline.ts'

/** Everything about a run that its journal tells. */
export function detailsOf(
  plan: WorkflowPlan,
  summary: RunSummary,
  stored: StoredRun,
  recovered: RecoveredRun,
): RunDetails {
  const { started, finished, deadline } = recovered
  const outcome = rebuildOutcome(plan, summary.id, recovered)
  const steps = timelineOf(plan, stored.entries)
  // Only the process that has the run knows by the index; the journal tells all of them.
  const isOpen = finished === undefined && summary.endedAt === undefined
  const isWaiting = isOpen && steps.some((step) => step.status === 'waiting')
  return {
    ...endedSummary(summary, recovered),
    ...(isWaiting ? { status: 'waiting' as const } : {}),
    caller: started.caller,
    args: redactInput(started.args) as JsonObject,
    ...(deadline === undefined ? {} : { deadline }),
    journalBytes: stored.size,
    steps,
    ...(outcome?.status === 'completed' ? { output: outcome.output } : {}),
    ...(finished?.failure === undefined ? {} : { failure: finished.failure }),
  }
}

/** The summary of a run whose journal says that it ended; of another one as it is. */
export function endedSummary(summary: RunSummary, { finished }: RecoveredRun): RunSummary {
  if (finished === undefined) return summary
  const { status, at, failure } = finished
  // What an earlier end says of a run that went on and came to another one is not true any more.
  const { error: _error, failedStep: _failedStep, ...rest } = summary
  return {
    ...rest,
    status,
    endedAt: at,
    ...(failure?.step === undefined ? {} : { failedStep: failure.step }),
    ...(failure === undefined ? {} : { error: failure.message }),
  }
}
