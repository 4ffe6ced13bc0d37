import type { ToolAnnotations } from '../../schema/tool-annotations.ts'
import { deriveHints, toolsOf, type HintConflict } from '../../workflow/derive-hints.ts'
import { outputSchemaOf } from '../../workflow/output-schema.ts'
import type { WorkflowPlan } from '../../workflow/plan.ts'
import type { Catalogue, CatalogueNote } from '../aggregation/catalogue.ts'
import { findToolForStep } from '../aggregation/lookup.ts'
import type { ToolDefinition } from '../aggregation/offer.ts'
import type { SourceOffer } from '../source.ts'

/**
 * The composite tools that somebody who sees this catalogue of the backends can use: those all of whose steps lead somewhere,
 * and which do not claim to be safer than their steps are (vmcp 6.10, 6.11).
 */
export function compositeOffer(plans: readonly WorkflowPlan[], catalogue: Catalogue): SourceOffer {
  const tools: ToolDefinition[] = []
  const notes: CatalogueNote[] = []
  const leaveOut = (plan: WorkflowPlan, why: string): void => {
    const message = `Composite tool "${plan.name}" is not offered: ${why}`
    notes.push({ code: 'own-not-offered', subject: plan.name, backends: [], message })
  }
  for (const plan of plans) {
    const missing = toolsOf(plan.steps).filter((tool) => !findToolForStep(catalogue, tool))
    const hints = deriveHints(plan, (tool) => hintsOf(catalogue, tool))
    if (missing.length > 0) leaveOut(plan, `no backend offers ${quoted(missing)}`)
    else if (!hints.ok) leaveOut(plan, hints.conflicts.map(sentenceOf).join('; '))
    else tools.push(definitionOf(plan, hints.hints))
  }
  return { tools, notes }
}

function hintsOf(catalogue: Catalogue, tool: string): ToolAnnotations | undefined {
  return findToolForStep(catalogue, tool)?.annotations
}

function definitionOf(plan: WorkflowPlan, hints: ToolAnnotations): ToolDefinition {
  const outputSchema = outputSchemaOf(plan.output)
  const annotations = Object.fromEntries(Object.entries(hints))
  return {
    name: plan.name,
    description: plan.description,
    inputSchema: plan.parameters ?? { type: 'object' },
    ...(outputSchema === undefined ? undefined : { outputSchema }),
    ...(Object.keys(annotations).length === 0 ? undefined : { annotations }),
  }
}

function sentenceOf({ hint, explicit, derived, because }: HintConflict): string {
  return `it says ${hint}: ${explicit}, but with ${quoted(because)} it is ${derived}`
}

function quoted(names: readonly string[]): string {
  return [...new Set(names)].map((name) => `"${name}"`).join(', ')
}
