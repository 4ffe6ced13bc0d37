import type { VmcpConfig } from '../app/load-vmcp-config.ts'
import { closest } from '../base/edit-distance.ts'
import type { WorkflowPlan } from '../workflow/plan.ts'
import { cliErrors } from './errors.ts'

/** The composite tool of that name. Throws CLI_NO_SUCH_COMPOSITE. */
export function findComposite(config: VmcpConfig, name: string, file: string): WorkflowPlan {
  const found = config.composites.find(({ plan }) => plan.name === name)
  if (found !== undefined) return found.plan
  const names = config.composites.map(({ plan }) => plan.name)
  throw cliErrors.NO_SUCH_COMPOSITE({ tool: name, file, names, meant: closest(name, names) })
}
