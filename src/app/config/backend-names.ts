import { mapOf } from './map-of.ts'

/**
 * Whether a tool of a backend may have this final name, as far as a file tells, right or wrong as it is: what a backend offers
 * is only known live.
 */
export function mayBeOfBackend(file: unknown): (tool: string) => boolean {
  const { backends, aggregation } = mapOf(file)
  const names = (Array.isArray(backends) ? backends : [])
    .map((backend) => mapOf(backend)['name'])
    .filter((name) => typeof name === 'string')
  const { conflictResolution, conflictResolutionConfig } = mapOf(aggregation)
  const { prefixFormat } = mapOf(conflictResolutionConfig)
  // Other strategies leave names as backends give them.
  const format =
    conflictResolution === 'prefix' && typeof prefixFormat === 'string' ? prefixFormat : ''
  return (tool) =>
    names.some(
      (name) =>
        tool.startsWith(`${name}.`) || tool.startsWith(format.replaceAll('{workload}', () => name)),
    )
}
