import type { AggregationConfig } from './config.ts'
import type { NameProblem } from './check-names.ts'

/**
 * Overrides that give two tools of one backend the same name, as far as the file alone tells: both tools must stand among
 * its overrides. The one that keeps the name is the one that `toolCandidates` gives it to.
 */
export function overridesToOneName(settings: AggregationConfig): NameProblem[] {
  return settings.tools.flatMap(({ workload, overrides, excludeAll }, index) => {
    if (excludeAll) return []
    const natives = Object.keys(overrides).toSorted()
    return natives.flatMap((native): NameProblem[] => {
      const name = overrides[native]?.name
      if (name === undefined || name === native) return []
      const sharing = natives.filter((each) => (overrides[each]?.name ?? each) === name)
      const holder = sharing.includes(name) ? name : sharing[0]
      if (holder === undefined || holder === native) return []
      return [
        {
          path: ['aggregation', 'tools', index, 'overrides', native, 'name'],
          reason: `"${name}" is also the name of tool "${holder}" of backend "${workload}", so clients do not get "${native}"`,
          hint: 'give each its own name',
        },
      ]
    })
  })
}
