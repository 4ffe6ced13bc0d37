import { checkOffers, type OfferCheck } from '../gateway/check-offers.ts'
import type { Gateway } from '../gateway/create-gateway.ts'
import type { Problem } from '../schema/problem.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'
import { limitProblems } from './limit-names.ts'

/**
 * What is wrong with the names and conflicts of a configuration, in effect or not yet, as far as its backends are known.
 */
export function liveProblems(config: VmcpConfig, gateway: Pick<Gateway, 'offers'>): Problem[] {
  const { names, problems, notes } = checkOffers(config, gateway.offers)
  return [
    ...names.map(({ path, reason, hint }) => config.problemAt(path, reason, 'error', hint)),
    ...problems.map((problem) =>
      config.problemAt(
        placeOf(problem, config),
        problem.message,
        'error',
        'rename or hide one of them',
      ),
    ),
    ...notes.map((note) =>
      config.problemAt(
        placeOf(note, config),
        note.message,
        note.code === 'name-collision' && note.override ? 'warning' : 'note',
      ),
    ),
    ...limitProblems(config, gateway),
  ]
}

function placeOf(
  { code, backends: [first], override }: OfferCheck['notes'][number],
  { aggregation, backends }: VmcpConfig,
): PropertyKey[] {
  const listedBy = backends.findIndex(({ name }) => name === first)
  if (code === 'malformed' && listedBy >= 0) return ['backends', listedBy]
  const index = aggregation.tools.findIndex(({ workload }) => workload === override?.backend)
  if (override === undefined || index < 0) return ['aggregation']
  return ['aggregation', 'tools', index, 'overrides', override.nativeName, 'name']
}
