import { createExpander } from '../expand-arguments.ts'
import type { PlannedStep, ToolAction } from '../plan.ts'
import { callTool } from './call-tool.ts'
import type { RunScope } from './run-scope.ts'
import type { StepEnd } from './step-end.ts'

/** Longest time of a step that does not say its own, all tries together. */
export const DEFAULT_STEP_MS = 5 * 60_000

/** A step that calls one tool. */
export async function runTool(
  scope: RunScope,
  step: PlannedStep & { readonly does: ToolAction },
): Promise<StepEnd> {
  const end = await callTool(scope, {
    step: step.id,
    planned: step,
    data: scope.data.root,
    cancellation: scope.cancellation,
    timeoutMs: step.timeoutMs ?? DEFAULT_STEP_MS,
    makeArguments: createExpander(step.does.arguments),
    before: scope.recovered?.steps.get(step.id)?.call,
  })
  if (end.status !== 'failed') return end
  const goOn = step.onError.action === 'continue'
  return goOn ? { ...end, goOn, output: step.defaultResults ?? {} } : { ...end, goOn }
}
