import type { ElicitationAction, ForEachAction, PlannedStep, ToolAction } from '../plan.ts'
import { askCaller } from './ask-caller.ts'
import { checkCondition } from './condition.ts'
import { runLoop } from './run-loop.ts'
import type { RunScope } from './run-scope.ts'
import { runTool } from './run-tool.ts'
import type { StepEnd } from './step-end.ts'

/** Runs one step whose dependencies are done. Never rejects, but with a bug. */
export async function runStep(scope: RunScope, step: PlannedStep): Promise<StepEnd> {
  if (!begun(scope, step)) {
    const check = checkCondition(step.condition, scope.data.root)
    if ('error' in check) {
      // No retry, and no default results: the condition itself is wrong.
      const goOn = step.onError.action === 'continue'
      return { status: 'failed', tries: 0, error: check.error, goOn }
    }
    if (!check.runs) return { status: 'skipped', tries: 0, output: step.defaultResults ?? {} }
  }
  switch (step.does.kind) {
    case 'tool':
      return runTool(scope, step as PlannedStep & { does: ToolAction })
    case 'elicitation':
      return askCaller(scope, step as PlannedStep & { does: ElicitationAction })
    case 'forEach':
      return runLoop(scope, step as PlannedStep & { does: ForEachAction })
  }
}

/** An earlier life of the run found the condition true. */
function begun({ recovered }: RunScope, { id }: PlannedStep): boolean {
  return recovered?.steps.has(id) === true
}
