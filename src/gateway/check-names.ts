import { closest } from '../base/edit-distance.ts'
import type { BackendOffer } from './aggregation/offer.ts'
import { prefixOf } from './aggregation/settings.ts'
import type { AggregationConfig } from './config.ts'

/** A name in the configuration that leads nowhere. */
export interface NameProblem {
  /** Path in the file: `['aggregation', 'tools', 0, 'filter', 2]`. */
  readonly path: readonly (string | number)[]
  readonly reason: string
  readonly hint?: string
}

/**
 * Checks every name that `aggregation` mentions against the backends that are configured and what they offer. Tools of a
 * backend whose list is not known are not judged.
 */
export function checkNames(
  offers: readonly BackendOffer[],
  settings: AggregationConfig,
): NameProblem[] {
  const byName = new Map(offers.map((offer) => [offer.backend, offer]))
  const problems: NameProblem[] = []
  for (const [index, name] of settings.conflictResolutionConfig.priorityOrder.entries()) {
    if (byName.has(name)) continue
    problems.push(
      unknown(
        ['aggregation', 'conflictResolutionConfig', 'priorityOrder', index],
        `"${name}" is not a backend`,
        didYouMean(name, byName.keys()),
      ),
    )
  }
  for (const [index, entry] of settings.tools.entries()) {
    const path = ['aggregation', 'tools', index] as const
    const offer = byName.get(entry.workload)
    if (offer === undefined) {
      problems.push(
        unknown(
          [...path, 'workload'],
          `"${entry.workload}" is not a backend`,
          didYouMean(entry.workload, byName.keys()),
        ),
      )
    } else if (offer.known.tools) {
      const prefix = prefixOf(settings.conflictResolutionConfig.prefixFormat, entry.workload)
      problems.push(...checkTools(offer, entry, prefix, path))
    }
  }
  return problems
}

function checkTools(
  offer: BackendOffer,
  entry: AggregationConfig['tools'][number],
  prefix: string,
  path: readonly (string | number)[],
): NameProblem[] {
  const native = new Set(offer.tools.map((tool) => tool.name))
  const renamed = Object.values(entry.overrides).flatMap((override) => override.name ?? [])
  const accepted = new Set([...native, ...renamed])
  const problems: NameProblem[] = []
  for (const [index, name] of entry.filter.entries()) {
    if (accepted.has(name)) continue
    problems.push(
      unknown(
        [...path, 'filter', index],
        `backend "${offer.backend}" has no tool "${name}"`,
        withoutPrefix(name, prefix, accepted) ?? didYouMean(name, accepted),
      ),
    )
  }
  for (const name of Object.keys(entry.overrides)) {
    if (native.has(name)) continue
    problems.push(
      unknown(
        [...path, 'overrides', name],
        `backend "${offer.backend}" has no tool "${name}"`,
        nativeOf(name, entry) ?? withoutPrefix(name, prefix, native) ?? didYouMean(name, native),
      ),
    )
  }
  return problems
}

function didYouMean(name: string, candidates: Iterable<string>): string | undefined {
  const candidate = closest(name, candidates)
  return candidate === undefined ? undefined : `did you mean "${candidate}"?`
}

function withoutPrefix(
  name: string,
  prefix: string,
  candidates: ReadonlySet<string>,
): string | undefined {
  const bare = name.slice(prefix.length)
  return prefix !== '' && name.startsWith(prefix) && candidates.has(bare)
    ? `write it without the prefix: "${bare}"`
    : undefined
}

/** An override keyed by the name that another override gives. */
function nativeOf(name: string, entry: AggregationConfig['tools'][number]): string | undefined {
  const native = Object.keys(entry.overrides).find((key) => entry.overrides[key]?.name === name)
  return native === undefined || native === name
    ? undefined
    : `overrides go by the name the backend gave the tool: "${native}"`
}

function unknown(
  path: readonly (string | number)[],
  reason: string,
  hint: string | undefined,
): NameProblem {
  return { path, reason, ...(hint === undefined ? {} : { hint }) }
}
