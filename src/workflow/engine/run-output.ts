import type { JsonObject } from '../../base/json.ts'
import type { WorkflowPlan } from '../plan.ts'
import type { StepEnd } from './step-end.ts'

/**
 * The step whose output is that of a run without `output` block: among the steps that nothing depends on, the last completed
 * one in the file, else the last completed one of all; undefined: none completed.
 */
export function defaultOutputStep(
  { steps }: WorkflowPlan,
  ends: readonly (StepEnd | undefined)[],
): number | undefined {
  const neededBy = new Set(steps.flatMap((step) => step.dependsOn))
  let last: number | undefined
  let lastSink: number | undefined
  for (const [place, { id }] of steps.entries()) {
    if (ends[place]?.status !== 'completed') continue
    last = place
    if (!neededBy.has(id)) lastSink = place
  }
  return lastSink ?? last
}

/** The output of a step that completed. */
export function outputOf(end: StepEnd | undefined): JsonObject {
  return end?.status === 'completed' ? end.output : {}
}
