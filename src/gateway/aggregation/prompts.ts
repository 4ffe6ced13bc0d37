import type { CataloguePrompt } from './catalogue.ts'
import { quoted } from './conflicts.ts'
import type { BackendOffer, PromptDefinition } from './offer.ts'
import { sortedBy } from './order.ts'
import type { BuildReport } from './report.ts'
import type { AggregationConfig } from '../config.ts'
import { prefixOf, rankOf } from './settings.ts'

interface Claim {
  readonly backend: string
  readonly definition: PromptDefinition
  /** Rank in `priorityOrder`; Infinity: not listed, so prefixed. */
  readonly rank: number
}

/**
 * Prompts of all backends (vmcp 5.6): prefixed, except those of backends in `priorityOrder`, which stay bare and of which
 * the best ranked has a shared name. Prefixed names that become one go to nobody, unless a listed backend has that name.
 */
export function aggregatePrompts(
  offers: readonly BackendOffer[],
  settings: AggregationConfig,
  report: BuildReport,
): CataloguePrompt[] {
  const claims = new Map<string, Claim[]>()
  for (const { backend, prompts } of offers) {
    const rank = rankOf(settings, backend)
    const prefix = rank === Infinity ? prefixFor(settings, backend) : ''
    for (const definition of firstOfEach(prompts)) {
      const name = prefix + definition.name
      const claim = { backend, definition, rank }
      const others = claims.get(name)
      if (others === undefined) claims.set(name, [claim])
      else others.push(claim)
    }
  }
  const kept: CataloguePrompt[] = []
  for (const [name, group] of claims) {
    const winner = winnerOf(name, group, report)
    if (winner !== undefined) kept.push(toPrompt(name, winner))
  }
  return sortedBy(kept, (prompt) => prompt.name)
}

function prefixFor(settings: AggregationConfig, backend: string): string {
  return prefixOf(settings.conflictResolutionConfig.prefixFormat, backend)
}

function winnerOf(name: string, group: Claim[], report: BuildReport): Claim | undefined {
  const [first, ...others] = group.toSorted((a, b) => a.rank - b.rank)
  if (first === undefined || others.length === 0) return first
  const backends = group.map((claim) => claim.backend)
  const best = others[0]
  if (best !== undefined && first.rank < best.rank) {
    report.note(
      'priority-dropped',
      name,
      backends,
      `Prompt "${name}": "${first.backend}" wins by priority`,
    )
    return first
  }
  report.note(
    'prompt-collision',
    name,
    backends,
    `Prompt "${name}" is claimed by ${quoted(backends)}; none of them is listed`,
  )
  return undefined
}

function toPrompt(name: string, { backend, definition }: Claim): CataloguePrompt {
  return {
    name,
    backend,
    nativeName: definition.name,
    definition: definition.name === name ? definition : { ...definition, name },
  }
}

function firstOfEach(prompts: readonly PromptDefinition[]): Iterable<PromptDefinition> {
  const first = new Map<string, PromptDefinition>()
  for (const prompt of prompts) if (!first.has(prompt.name)) first.set(prompt.name, prompt)
  return first.values()
}
