import { Cancellation } from '../../base/cancellation.ts'
import { noJournal } from '../journal.ts'
import type { WorkflowPlan } from '../plan.ts'
import type { WorkflowPorts } from '../ports.ts'
import type { RecoveredRun } from '../recover-run.ts'
import { createProgressCounter } from './progress-counter.ts'
import { dependenciesOf, dependencyOrder, restoreSteps } from './restore-steps.ts'
import { createRunData } from './run-data.ts'
import { createRunRecord } from './run-record.ts'
import type { StepEnd } from './step-end.ts'

/** How the steps of a run ended, from its journal alone. */
export function rebuildEnds(
  plan: WorkflowPlan,
  runId: string,
  recovered: RecoveredRun,
): readonly (StepEnd | undefined)[] {
  const { at, args } = recovered.started
  const data = createRunData({ plan, runId, args, startedAt: at, elapsedMs: () => 0 })
  const progress = createProgressCounter(plan.steps.length, NOBODY)
  const cancellation = new Cancellation()
  const scope = {
    run: runId,
    plan,
    ports: NOBODY,
    data,
    progress,
    cancellation,
    suspension: cancellation,
    recovered,
    spread: undefined,
  }
  const record = createRunRecord(scope)
  restoreSteps(scope, record, dependencyOrder(dependenciesOf(plan)))
  return record.ends
}

/** Nothing is done here, so nobody is needed. */
const NOBODY: WorkflowPorts = {
  call: nothing,
  ask: nothing,
  tool: () => undefined,
  progress: () => {},
  event: () => {},
  journal: noJournal,
  now: () => 0,
  random: () => 0,
  sleep: async () => {},
}

function nothing(): Promise<never> {
  return Promise.reject(new Error('An ended run calls nobody'))
}
