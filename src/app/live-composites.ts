import type { JsonObject } from '../base/json.ts'
import type { Gateway } from '../gateway/create-gateway.ts'
import { findStepTool, stepToolNames } from '../gateway/step-tool.ts'
import type { Problem } from '../schema/problem.ts'
import type { ToolAnnotations } from '../schema/tool-annotations.ts'
import { checkTools } from '../workflow/check-tools.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'

/** What is wrong with the composite tools of a configuration against the tools that its backends offer now. */
export function liveComposites(
  { backends, composites }: Pick<VmcpConfig, 'backends' | 'composites'>,
  { catalogue }: Pick<Gateway, 'catalogue'>,
): Problem[] {
  const own = new Set(composites.map(({ plan }) => plan.name))
  const names = stepToolNames(catalogue).filter((name) => !own.has(name))
  return composites.flatMap(({ plan, locate }) =>
    checkTools(plan, {
      find(name) {
        const found = findStepTool(catalogue, name)
        return found && { ...found, annotations: hintsIn(found.annotations) }
      },
      names,
      isTaken(name) {
        const route = catalogue.byToolName.get(name)
        return backends.some((backend) => backend.name === route?.backend)
      },
    }).map(locate),
  )
}

/** The hints in what a backend may say; what is no hint is none. */
function hintsIn(annotations: JsonObject): ToolAnnotations {
  const hints = HINTS.filter((name) => typeof annotations[name] === 'boolean')
  return Object.fromEntries(hints.map((name) => [name, annotations[name] === true]))
}

const HINTS = ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint'] as const
