import { closest } from '../base/edit-distance.ts'
import { checkOffers } from '../gateway/check-offers.ts'
import type { Gateway } from '../gateway/create-gateway.ts'
import type { Problem } from '../schema/problem.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'

/** Tools that a gateway makes itself. */
const META_TOOLS = ['find_tool', 'call_tool', 'execute_tool_script']

/**
 * Limits for tools that nobody offers, which therefore limit nothing: notes, since a backend may come to offer them, or
 * offer them to some users only. Nothing is said before all backends were reached.
 */
export function limitProblems(config: VmcpConfig, gateway: Pick<Gateway, 'offers'>): Problem[] {
  const limited = config.rateLimiting?.tools ?? []
  if (limited.length === 0) return []
  const { toolNames } = checkOffers(config, gateway.offers)
  if (toolNames === undefined) return []
  const known = [...toolNames, ...config.compositeTools.map(({ name }) => name), ...META_TOOLS]
  return limited.flatMap(({ name }, index) => {
    if (known.includes(name)) return []
    const meant = closest(name, known)
    return config.problemAt(
      ['rateLimiting', 'tools', index, 'name'],
      `no tool has the name "${name}", so nothing is limited`,
      'note',
      meant === undefined ? 'give the name clients see' : `did you mean "${meant}"?`,
    )
  })
}
