import type { Gateway } from '../gateway/create-gateway.ts'
import type { Problem } from '../schema/problem.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'
import { liveComposites } from './live-composites.ts'
import type { LastWords } from './last-words.ts'
import { liveProblems } from './live-problems.ts'
import { withCatalogue } from './with-catalogue.ts'

/**
 * Longer than any backend's connect timeout by default; then what is not there counts as not reachable. A command is
 * asked for its era for 10 s and may then take 60 s to start.
 */
const WAIT_MS = 75_000

/**
 * Connects to the backends and reports what only shows then: backends that cannot be reached, names that none of them
 * offers, conflicts of `manual`, composite tools whose steps do not fit, and (as notes) what the catalogue drops or changes.
 */
export async function validateLive(
  config: VmcpConfig,
  { log }: { log: Logger },
): Promise<Problem[]> {
  return withCatalogue(config, { log, waitMs: WAIT_MS }, (gateway, words) => [
    ...unreachable(config, gateway, words),
    ...liveProblems(config, gateway),
    ...liveComposites(config, gateway),
  ])
}

function unreachable(config: VmcpConfig, gateway: Gateway, words: LastWords): Problem[] {
  return config.backends.flatMap((backend, index) => {
    const state = gateway.backends.get(backend.name)
    if (state?.lastError === undefined) return []
    const said = words.of(backend.name)
    const reason = `${whatFailed(backend.name, state.lastError)}${said === undefined ? '' : `; its last line on stderr: ${said}`}`
    return config.problemAt(
      ['backends', index],
      reason,
      'error',
      backend.target.kind === 'stdio'
        ? 'run its command by hand, to see all that it says'
        : 'start it, or correct its address',
    )
  })
}

/** Most errors of a backend name it and say that it was not reached. */
function whatFailed(name: string, error: string): string {
  if (!error.includes(`ackend "${name}"`)) return `backend "${name}" cannot be reached: ${error}`
  return `${error.charAt(0).toLowerCase()}${error.slice(1)}`
}
