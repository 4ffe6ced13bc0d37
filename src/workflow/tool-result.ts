import type { Json, JsonObject } from '../base/json.ts'
import type { RunOutcome } from './outcome.ts'
import type { WorkflowPlan } from './plan.ts'

/**
 * The `CallToolResult` of a run: its output as one text and as `structuredContent`. A run that did not complete is an
 * `isError` result that says what failed, and has the partial results:
 * `{ status, workflow, run, failedStep?, iteration?, tries?, input?, unknown?, error, completed, steps }`.
 */
export function toToolResult(
  { name }: Pick<WorkflowPlan, 'name'>,
  run: string,
  outcome: RunOutcome,
): JsonObject {
  if (outcome.status === 'completed') {
    const { output } = outcome
    return { content: [{ type: 'text', text: JSON.stringify(output) }], structuredContent: output }
  }
  const { status, failure, completed, steps } = outcome
  const done = completed.length === 0 ? 'no step completed' : `completed: ${completed.join(', ')}`
  const partial = {
    status,
    workflow: name,
    run,
    failedStep: failure.step,
    iteration: failure.iteration,
    tries: failure.tries,
    input: failure.input,
    unknown: failure.unknown?.map((call) => ({ ...call })),
    error: failure.message,
    completed: [...completed],
    steps: steps as Readonly<Record<string, object>> as Record<string, JsonObject>,
  } satisfies { [key: string]: Json | undefined }
  return {
    isError: true,
    content: [
      { type: 'text', text: `Workflow execution failed: ${failure.message} (${done}; run ${run})` },
      { type: 'text', text: JSON.stringify(partial) },
    ],
    structuredContent: partial,
  }
}
