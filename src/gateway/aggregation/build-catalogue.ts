import { createHash } from 'node:crypto'
import { isJsonObject } from '../../base/json.ts'
import type { Catalogue, CatalogueTool, ToolRoute } from './catalogue.ts'
import type { NameWish, ResolveConflicts } from './conflicts.ts'
import { noteMalformed } from './malformed.ts'
import { withinLimits } from './name-limits.ts'
import type { BackendOffer } from './offer.ts'
import { sortedBy } from './order.ts'
import { aggregatePrompts } from './prompts.ts'
import { createReport, type BuildReport } from './report.ts'
import { resolveManual } from './resolve-manual.ts'
import { resolvePrefix } from './resolve-prefix.ts'
import { resolvePriority } from './resolve-priority.ts'
import { aggregateResources, aggregateTemplates, resourceBackends } from './resources.ts'
import type { AggregationConfig } from '../config.ts'
import { toolCandidates, type ToolCandidate } from './tool-candidates.ts'

const STRATEGIES: Readonly<Record<AggregationConfig['conflictResolution'], ResolveConflicts>> = {
  prefix: resolvePrefix,
  priority: resolvePriority,
  manual: resolveManual,
}

/**
 * What the gateway offers, computed from what the backends offer and the configuration. Pure: equal input gives an equal
 * catalogue, in whatever order the offers come.
 */
export function buildCatalogue(
  offers: readonly BackendOffer[],
  settings: AggregationConfig,
): Catalogue {
  const report = createReport()
  const sorted = sortedBy(offers, (offer) => offer.backend)
  noteMalformed(sorted, report)
  const foreign = sorted.filter((offer) => offer.own !== true)
  const candidates = foreign.flatMap((offer) => toolCandidates(offer, settings, report))
  const wishes = STRATEGIES[settings.conflictResolution](
    candidates.filter((candidate) => !candidate.shadowed),
    settings,
    report,
  )
  const byToolName = new Map<string, ToolRoute>()
  const granted = new Map<ToolCandidate, ToolRoute>()
  for (const wish of wishes) grant(wish, settings, byToolName, granted, report)
  addOwnTools(sorted, byToolName, report)
  const tools = exposedTools(byToolName)
  const resources = aggregateResources(sorted, report)
  const templates = aggregateTemplates(sorted, report)
  const prompts = aggregatePrompts(sorted, settings, report)
  const parts = { tools, byToolName, resources, templates, prompts }
  return {
    version: versionOf(parts),
    ...parts,
    byNativeName: nativeNames(candidates, granted),
    byUri: new Map(resources.map((resource) => [resource.uri, resource])),
    byPromptName: new Map(prompts.map((prompt) => [prompt.name, prompt])),
    resourceBackends: resourceBackends(sorted),
    problems: report.problems,
    notes: report.notes,
  }
}

function grant(
  { candidate, name }: NameWish,
  settings: AggregationConfig,
  byToolName: Map<string, ToolRoute>,
  granted: Map<ToolCandidate, ToolRoute>,
  report: BuildReport,
): void {
  const final = withinLimits(name, candidate, settings.maxToolNameLength, report)
  const holder = byToolName.get(final)
  if (holder !== undefined) {
    report.note(
      'name-collision',
      final,
      [holder.backend, candidate.backend],
      `Tool "${candidate.nativeName}" of "${candidate.backend}" would be "${final}" too, which "${holder.backend}" has; it is left out`,
    )
    return
  }
  const route = toRoute(candidate, final)
  byToolName.set(final, route)
  granted.set(candidate, route)
}

function toRoute(candidate: ToolCandidate, name: string | undefined): ToolRoute {
  const { backend, nativeName, definition, paramHeaders, needsTask } = candidate
  const annotations = definition['annotations']
  return {
    backend,
    nativeName,
    name,
    exposed: name !== undefined && candidate.visible,
    definition:
      name === undefined || name === definition.name ? definition : { ...definition, name },
    paramHeaders,
    annotations: isJsonObject(annotations) ? annotations : {},
    needsTask,
  }
}

/** Composite tools and the like: under their own names; a backend's tool of that name stays. */
function addOwnTools(
  offers: readonly BackendOffer[],
  byToolName: Map<string, ToolRoute>,
  report: BuildReport,
): void {
  for (const offer of offers) {
    if (offer.own !== true) continue
    for (const tool of offer.tools) {
      const holder = byToolName.get(tool.name)
      if (holder !== undefined) {
        report.note(
          'own-name-taken',
          tool.name,
          [holder.backend],
          `"${tool.name}" is left out: backend "${holder.backend}" has a tool of that name`,
        )
        continue
      }
      const candidate: ToolCandidate = {
        backend: offer.backend,
        nativeName: tool.name,
        name: tool.name,
        definition: tool,
        visible: true,
        paramHeaders: undefined,
        needsTask: false,
        shadowed: false,
      }
      byToolName.set(tool.name, { ...toRoute(candidate, tool.name), own: true })
    }
  }
}

function exposedTools(byToolName: ReadonlyMap<string, ToolRoute>): CatalogueTool[] {
  const exposed: CatalogueTool[] = []
  for (const [name, route] of byToolName) {
    if (route.exposed) exposed.push({ name, definition: route.definition, route })
  }
  return sortedBy(exposed, (tool) => tool.name)
}

function nativeNames(
  candidates: readonly ToolCandidate[],
  granted: ReadonlyMap<ToolCandidate, ToolRoute>,
): Map<string, Map<string, ToolRoute>> {
  const byBackend = new Map<string, Map<string, ToolRoute>>()
  for (const candidate of candidates) {
    let own = byBackend.get(candidate.backend)
    if (own === undefined) byBackend.set(candidate.backend, (own = new Map()))
    own.set(candidate.nativeName, granted.get(candidate) ?? toRoute(candidate, undefined))
  }
  return byBackend
}

function versionOf(parts: {
  tools: Catalogue['tools']
  byToolName: Catalogue['byToolName']
  resources: Catalogue['resources']
  templates: Catalogue['templates']
  prompts: Catalogue['prompts']
}): string {
  const content = [
    sortedBy(parts.byToolName, ([name]) => name).map(([name, route]) => [
      name,
      route.backend,
      route.nativeName,
      route.exposed,
      route.definition,
    ]),
    parts.resources.map((resource) => [resource.backend, resource.definition]),
    parts.templates.map((template) => [template.backend, template.definition]),
    parts.prompts.map((prompt) => [prompt.backend, prompt.nativeName, prompt.definition]),
  ]
  return createHash('sha256').update(JSON.stringify(content)).digest('base64url').slice(0, 22)
}
