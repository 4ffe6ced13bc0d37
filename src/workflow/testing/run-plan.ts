import { Cancellation } from '../../base/cancellation.ts'
import type { JsonObject } from '../../base/json.ts'
import type { RunOutcome } from '../outcome.ts'
import type { WorkflowPlan } from '../plan.ts'
import type { WorkflowPorts } from '../ports.ts'
import { runWorkflow, type RunOptions } from '../run-workflow.ts'
import { fakePorts } from './fake-ports.ts'

/** Runs a plan with fake ports. */
export async function runPlan(
  plan: WorkflowPlan,
  given: Partial<WorkflowPorts> & { args?: JsonObject; options?: Partial<RunOptions> } = {},
): Promise<{ outcome: RunOutcome; ports: ReturnType<typeof fakePorts> }> {
  const { args = {}, options, ...some } = given
  const ports = fakePorts(some)
  const cancellation = new Cancellation()
  const outcome = await runWorkflow({ plan, run: 'r1', args, ports, cancellation, ...options })
  return { outcome, ports }
}
