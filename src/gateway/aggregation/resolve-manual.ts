import { groupByName, quoted, type NameWish, type ResolveConflicts } from './conflicts.ts'

/**
 * `manual` (vmcp 5.4): names as they are after the overrides. What two backends still show under one name is a problem
 * and goes to neither. A hidden tool gives way to a shown one.
 */
export const resolveManual: ResolveConflicts = (candidates, _settings, report) => {
  const wishes: NameWish[] = []
  for (const [name, group] of groupByName(candidates)) {
    const shown = group.filter((candidate) => candidate.visible)
    const holder = shown.length > 0 ? shown : group
    const backends = group.map((candidate) => candidate.backend)
    const [only] = holder
    if (holder.length === 1 && only) {
      wishes.push({ candidate: only, name })
      if (group.length === 1) continue
      report.note(
        'name-taken',
        name,
        backends,
        `Tool "${name}" of "${only.backend}" keeps its name; hidden ones of ${quoted(backends.filter((each) => each !== only.backend))} are reached as backend.tool only`,
      )
    } else if (shown.length > 1) {
      report.problem(
        'unresolved-conflict',
        name,
        shown.map((candidate) => candidate.backend),
        `Unresolved conflict: tool "${name}" is offered by ${quoted(shown.map((candidate) => candidate.backend))}`,
      )
    } else {
      report.note(
        'name-taken',
        name,
        backends,
        `Hidden tool "${name}" of ${quoted(backends)} is reached as backend.tool only`,
      )
    }
  }
  return wishes
}
