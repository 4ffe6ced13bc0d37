import type { ToolCandidate } from './tool-candidates.ts'
import type { BuildReport } from './report.ts'
import type { AggregationConfig } from '../config.ts'

/** A candidate that asks for a name. Candidates a strategy drops are not among the wishes. */
export interface NameWish {
  readonly candidate: ToolCandidate
  readonly name: string
}

/**
 * One strategy of `conflictResolution` (vmcp 5.2–5.4): from all candidates (hidden ones included, none shadowed) to the
 * names they ask for, the stronger wish first.
 */
export type ResolveConflicts = (
  candidates: readonly ToolCandidate[],
  settings: AggregationConfig,
  report: BuildReport,
) => NameWish[]

/** Candidates by their overridden name, in the order of the candidates. */
export function groupByName(
  candidates: readonly ToolCandidate[],
): Map<string, [ToolCandidate, ...ToolCandidate[]]> {
  const groups = new Map<string, [ToolCandidate, ...ToolCandidate[]]>()
  for (const candidate of candidates) {
    const group = groups.get(candidate.name)
    if (group) group.push(candidate)
    else groups.set(candidate.name, [candidate])
  }
  return groups
}

/** `a, b, c` in quotes, for messages. */
export function quoted(names: Iterable<string>): string {
  return [...names].map((name) => `"${name}"`).join(', ')
}
