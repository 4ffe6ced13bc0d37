import { editDistance } from '../../base/edit-distance.ts'
import { overridesToOneName } from '../../gateway/check-overrides.ts'
import type { AggregationConfig } from '../../gateway/config.ts'
import type { Finding } from '../../schema/finding.ts'
import { mapOf } from './map-of.ts'

/** What of a file is looked at here: `aggregation` checked, with defaults, and the file as it was written. */
interface Looked {
  readonly aggregation: AggregationConfig
  readonly groupRef: string
}

/** What `backends` and `aggregation` say without effect, or probably not as meant. Such files are valid, as they always were. */
export function aggregationRemarks(file: Looked, written: unknown): Finding[] {
  const raw = mapOf(written)
  const config = mapOf(mapOf(raw['aggregation'])['conflictResolutionConfig'])
  return [
    ...emptyBackends(file, raw['backends']),
    ...prefixRemarks(file.aggregation, config['prefixFormat']),
    ...filterRemarks(file.aggregation),
    ...overridesToOneName(file.aggregation).map((finding) => ({
      ...finding,
      severity: 'warning' as const,
    })),
  ]
}

function emptyBackends({ groupRef }: Looked, backends: unknown): Finding[] {
  if (!Array.isArray(backends) || backends.length > 0) return []
  return [
    {
      path: ['backends'],
      reason: `is empty, so the servers of group "${groupRef}" on this machine are served, as they are at start`,
      hint: 'give it backends, or leave the key out',
      severity: 'note',
    },
  ]
}

function prefixRemarks(settings: AggregationConfig, prefixFormat: unknown): Finding[] {
  if (typeof prefixFormat !== 'string') return []
  const path = ['aggregation', 'conflictResolutionConfig', 'prefixFormat']
  const { conflictResolution } = settings
  const found: Finding[] = []
  if (conflictResolution !== 'prefix') {
    found.push({
      path,
      reason: `has no effect on tools with the strategy ${conflictResolution}; only names of prompts get it`,
      hint: 'for tools use the strategy prefix, or overrides',
      severity: 'note',
    })
  }
  for (const [placeholder, word = ''] of prefixFormat.matchAll(/\{([^{}]*)\}/g)) {
    if (word === 'workload') continue
    found.push({
      path,
      reason: `"${placeholder}" is not replaced: names will begin with it as it stands`,
      hint:
        editDistance(word.trim().toLowerCase(), 'workload') <= 3
          ? 'did you mean "{workload}"?'
          : 'the only placeholder is {workload}, the name of the backend',
      severity: 'warning',
    })
  }
  return found
}

function filterRemarks({ tools }: AggregationConfig): Finding[] {
  return tools.flatMap(({ filter, excludeAll }, index): Finding[] => {
    const path = ['aggregation', 'tools', index, 'filter']
    const repeated = filter.flatMap((name, place): Finding[] =>
      filter.indexOf(name) === place
        ? []
        : [
            {
              path: [...path, place],
              reason: `"${name}" is there twice`,
              hint: 'once is enough',
              severity: 'note',
            },
          ],
    )
    if (!excludeAll || filter.length === 0) return repeated
    const reason = 'has no effect: `excludeAll: true` hides all tools of this backend'
    return [{ path, reason, hint: 'remove one of the two', severity: 'note' }, ...repeated]
  })
}
