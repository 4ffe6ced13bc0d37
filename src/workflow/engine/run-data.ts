import type { JsonObject } from '../../base/json.ts'
import type { StepStatus } from '../outcome.ts'
import type { WorkflowPlan } from '../plan.ts'

/** What templates see of a step; members appear as the step comes along. */
export interface StepData extends JsonObject {
  status: StepStatus
  output?: JsonObject
  content?: JsonObject
  error?: string
}

/**
 * What templates see (`.params`, `.steps`, `.vars`, `.workflow`): one object for the whole run that grows with it. A loop
 * adds `.forEach` on a shallow copy.
 */
export interface RunData {
  readonly root: JsonObject
  /** The same objects as under `.steps`, by place in the plan. */
  readonly steps: readonly StepData[]
}

/** The data of a run at its start. `elapsedMs` tells how long it has run. */
export function createRunData(options: {
  plan: WorkflowPlan
  runId: string
  args: JsonObject
  startedAt: number
  elapsedMs: () => number
}): RunData {
  const { plan, runId, args, startedAt, elapsedMs } = options
  const steps = plan.steps.map((): StepData => ({ status: 'pending' }))
  const workflow = {
    id: runId,
    get duration_ms() {
      return elapsedMs()
    },
    step_count: plan.steps.length,
    status: 'running',
    start_time: new Date(startedAt).toISOString(),
  }
  const byId = Object.fromEntries(plan.steps.map((step, place) => [step.id, steps[place]!]))
  return { root: { params: args, steps: byId, vars: {}, workflow }, steps }
}

/** The data of one iteration. */
export function iterationData(
  root: JsonObject,
  itemVar: string,
  item: JsonObject[string],
  index: number,
): JsonObject {
  return { ...root, forEach: { [itemVar]: item, index } }
}
