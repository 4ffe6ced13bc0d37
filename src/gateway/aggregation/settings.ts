import type { AggregationConfig } from '../config.ts'

/** A gateway with one backend that nobody notices: no prefix on anything, nothing hidden. */
export const TRANSPARENT: AggregationConfig = {
  conflictResolution: 'prefix',
  conflictResolutionConfig: { prefixFormat: '', priorityOrder: [] },
  tools: [],
  excludeAllTools: false,
  defaultToolVisibility: 'allow',
}

/** The prefix of a backend's names: `{workload}` replaced wherever it stands. */
export function prefixOf(prefixFormat: string, backend: string): string {
  return prefixFormat.replaceAll('{workload}', () => backend)
}

/** Place of a backend in `priorityOrder`; unlisted ones come after all listed ones. */
export function rankOf(settings: AggregationConfig, backend: string): number {
  const index = settings.conflictResolutionConfig.priorityOrder.indexOf(backend)
  return index < 0 ? Infinity : index
}
