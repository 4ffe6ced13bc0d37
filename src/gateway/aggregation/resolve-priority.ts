import { DEFAULT_PREFIX_FORMAT } from '../config.ts'
import { groupByName, quoted, type NameWish, type ResolveConflicts } from './conflicts.ts'
import { prefixOf, rankOf } from './settings.ts'

/**
 * `priority` (vmcp 5.3): unique names stay bare; a shared one goes to the best listed backend and the others are dropped;
 * if no backend that has it is listed, all keep it behind the fixed `{workload}_`.
 */
export const resolvePriority: ResolveConflicts = (candidates, settings, report) => {
  const bare: NameWish[] = []
  const prefixed: NameWish[] = []
  for (const [name, group] of groupByName(candidates)) {
    const best = group.reduce((a, b) =>
      rankOf(settings, b.backend) < rankOf(settings, a.backend) ? b : a,
    )
    if (group.length === 1) bare.push({ candidate: best, name })
    else if (rankOf(settings, best.backend) === Infinity) {
      for (const candidate of group) {
        prefixed.push({
          candidate,
          name: prefixOf(DEFAULT_PREFIX_FORMAT, candidate.backend) + name,
        })
      }
    } else {
      bare.push({ candidate: best, name })
      const losers = group.filter((each) => each !== best)
      const cause = best.visible ? 'wins by priority' : 'wins by priority though it is hidden'
      report.note(
        'priority-dropped',
        name,
        group.map((each) => each.backend),
        `Tool "${name}": "${best.backend}" ${cause}; dropped from ${quoted(losers.map((each) => each.backend))}`,
      )
    }
  }
  return [...bare, ...prefixed]
}
