import type { JsonObject } from '../base/json.ts'
import { findStepTool } from '../gateway/step-tool.ts'
import type { Logger } from '../telemetry/logger.ts'
import { dryRun, type DryStep } from '../workflow/dry-run.ts'
import type { WorkflowPlan } from '../workflow/plan.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'
import { withCatalogue } from './with-catalogue.ts'

/** So long somebody who wants to see a plan waits for backends that do not answer. */
const WAIT_MS = 15_000

/** What a run would do, and the tools whose input schemas could not be had: of their arguments the types are guessed. */
export interface DryRunOfComposite {
  readonly steps: DryStep[]
  readonly unknownTools: readonly string[]
}

/** What a run with these arguments would do. Tools are listed for their input schemas; nothing is called. */
export function dryRunComposite(options: {
  readonly config: VmcpConfig
  readonly plan: WorkflowPlan
  /** Checked, defaults filled in. */
  readonly args: JsonObject
  readonly log: Logger
}): Promise<DryRunOfComposite> {
  const { config, plan, args, log } = options
  return withCatalogue(config, { log, waitMs: WAIT_MS }, ({ catalogue }) => {
    const unknown = new Set<string>()
    const steps = dryRun(plan, args, (tool) => {
      const found = findStepTool(catalogue, tool)
      if (found === undefined) unknown.add(tool)
      return found?.inputSchema
    })
    return { steps, unknownTools: [...unknown] }
  })
}
