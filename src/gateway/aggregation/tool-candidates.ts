import { readParamAnnotations } from '../../mcp/mcp-headers.ts'
import type { ParamHeaders } from '../../mcp/gateway-port.ts'
import { applyOverride } from './override.ts'
import type { BackendOffer, ToolDefinition } from './offer.ts'
import { sortedBy } from './order.ts'
import type { BuildReport } from './report.ts'
import type { AggregationConfig } from '../config.ts'
import { needsTask, withTaskOptional } from './task-support.ts'
import { createVisibility } from './visibility.ts'

/** A backend's tool with filter and override applied, before it is known under which name it goes. */
export interface ToolCandidate {
  readonly backend: string
  readonly nativeName: string
  /** After the override, before any prefix. */
  readonly name: string
  readonly definition: ToolDefinition
  readonly visible: boolean
  readonly paramHeaders: ParamHeaders | undefined
  /** The backend runs it as a task or not at all; `definition` says that clients need not know. */
  readonly needsTask: boolean
  /** True if another tool of the same backend has this name: then only the dot form reaches this one. */
  readonly shadowed: boolean
}

/** The tools of one backend, sorted by native name, each native name once. */
export function toolCandidates(
  offer: BackendOffer,
  settings: AggregationConfig,
  report: BuildReport,
): ToolCandidate[] {
  const { backend } = offer
  const entry = settings.tools.find((each) => each.workload === backend)
  const overrides = entry?.overrides ?? {}
  const tools = withoutRepeated(offer, report).map((tool) => ({
    nativeName: tool.name,
    needsTask: needsTask(offer, tool),
    definition: applyOverride(
      needsTask(offer, tool) ? withTaskOptional(tool) : tool,
      Object.hasOwn(overrides, tool.name) ? overrides[tool.name] : undefined,
    ),
  }))
  const visibility = createVisibility(
    settings,
    entry,
    tools.map((tool) => ({
      nativeName: tool.nativeName,
      overriddenName: tool.definition.name,
    })),
  )
  for (const name of visibility.byNativeName) {
    report.note(
      'filter-matched',
      name,
      [backend],
      `Filter entry "${name}" of backend "${backend}" matched the name before the override`,
    )
  }
  const holders = nameHolders(tools)
  return tools.map(({ nativeName, definition, needsTask: isTask }) => {
    const shadowed = holders.get(definition.name) !== nativeName
    if (shadowed) reportShadowed(backend, nativeName, definition.name, settings, report)
    const annotated = readParamAnnotations(definition['inputSchema'])
    if (annotated.kind === 'invalid') {
      report.note(
        'bad-param-header',
        nativeName,
        [backend],
        `Tool "${nativeName}" of backend "${backend}" is not listed: ${annotated.reason}`,
      )
    }
    return {
      backend,
      nativeName,
      name: definition.name,
      definition,
      visible:
        annotated.kind === 'valid' &&
        visibility.isVisible({ nativeName, overriddenName: definition.name }),
      paramHeaders:
        annotated.kind === 'valid' && annotated.headers.size > 0 ? annotated.headers : undefined,
      needsTask: isTask,
      shadowed,
    }
  })
}

function withoutRepeated(offer: BackendOffer, report: BuildReport): ToolDefinition[] {
  const first = new Map<string, ToolDefinition>()
  for (const tool of offer.tools) {
    if (!first.has(tool.name)) first.set(tool.name, tool)
    else {
      report.note(
        'duplicate-in-backend',
        tool.name,
        [offer.backend],
        `Backend "${offer.backend}" lists tool "${tool.name}" more than once; the first counts`,
      )
    }
  }
  return sortedBy(first.values(), (tool) => tool.name)
}

/** Which native name has which overridden name: a tool that was not renamed keeps its own, else the first. */
function nameHolders(
  tools: readonly { nativeName: string; definition: ToolDefinition }[],
): Map<string, string> {
  const holders = new Map<string, string>()
  for (const { nativeName, definition } of tools) {
    if (nativeName === definition.name) holders.set(definition.name, nativeName)
  }
  for (const { nativeName, definition } of tools) {
    if (!holders.has(definition.name)) holders.set(definition.name, nativeName)
  }
  return holders
}

function reportShadowed(
  backend: string,
  nativeName: string,
  name: string,
  settings: AggregationConfig,
  report: BuildReport,
): void {
  const override = { backend, nativeName }
  const message = `Override renames tool "${nativeName}" of backend "${backend}" to "${name}", which another tool of that backend has`
  if (settings.conflictResolution === 'manual') {
    report.problem('unresolved-conflict', name, [backend], message, override)
  } else report.note('name-collision', name, [backend], message, override)
}
