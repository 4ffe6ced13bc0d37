import { Cancellation } from '../base/cancellation.ts'
import type { JsonObject } from '../base/json.ts'
import { createRunData } from './engine/run-data.ts'
import { executeSteps } from './engine/execute-steps.ts'
import { createProgressCounter } from './engine/progress-counter.ts'
import { concludeRun } from './engine/conclude-run.ts'
import type { RunSpread } from './iteration-spread.ts'
import type { RunOutcome } from './outcome.ts'
import type { WorkflowPlan } from './plan.ts'
import type { WorkflowPorts } from './ports.ts'
import type { RecoveredRun } from './recover-run.ts'

export interface RunOptions {
  readonly plan: WorkflowPlan
  readonly run: string
  /** Checked, defaults filled in. */
  readonly args: JsonObject
  readonly ports: WorkflowPorts
  /** By the caller or an operator: ends the run as `cancelled`. */
  readonly cancellation: Cancellation
  /** The gateway closes: nothing new begins, what runs may end. */
  readonly suspension?: Cancellation
  /** When the time of the run is over, in milliseconds since 1970; default: by the plan, from now on. */
  readonly deadline?: number | undefined
  /** For loops with `distribution: fleet`; absent: there is no fleet. */
  readonly spread?: RunSpread | undefined
  /** From the journal, after a crash or for a resume. */
  readonly recovered?: RecoveredRun
}

/**
 * Runs a composite tool to its end. The journal must have its `run-started` already. Rejects only with
 * WORKFLOW_RUN_SUSPENDED, when the gateway closes before the run has ended.
 */
export async function runWorkflow(options: RunOptions): Promise<RunOutcome> {
  const { plan, run, args, ports, recovered } = options
  const startedAt = recovered?.started.at ?? ports.now()
  const deadline = options.deadline ?? deadlineOf(plan, ports.now())
  const elapsedMs = () => Math.max(0, ports.now() - startedAt)
  const scope = {
    run,
    plan,
    ports,
    data: createRunData({ plan, runId: run, args, startedAt, elapsedMs }),
    progress: createProgressCounter(plan.steps.length, ports),
    cancellation: new Cancellation(),
    suspension: options.suspension ?? new Cancellation(),
    recovered,
    spread: options.spread,
  }
  const continued = recovered !== undefined
  ports.event({
    kind: 'run-started',
    run,
    workflow: plan.name,
    steps: plan.steps.length,
    continued,
  })
  const executed = await executeSteps(scope, {
    cancellation: options.cancellation,
    deadline,
  })
  return concludeRun(scope, executed, elapsedMs())
}

/** When the time of a run that starts now is over; undefined: never. */
export function deadlineOf({ timeoutMs }: WorkflowPlan, now: number): number | undefined {
  return timeoutMs > 0 ? now + timeoutMs : undefined
}
