import { randomBytes } from 'node:crypto'
import { systemNow } from '../base/clock.ts'
import { newUuid } from '../base/ids.ts'
import type { Gateway } from '../gateway/create-gateway.ts'
import { createOutbound } from '../net/outbound.ts'
import type { Problem } from '../schema/problem.ts'
import { openStorage } from '../storage/open-storage.ts'
import { createChildProcesses } from '../system/child-process.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'
import { createVmcpGateway } from './create-vmcp-gateway.ts'
import { liveComposites } from './live-composites.ts'
import { createLastWords, type LastWords } from './last-words.ts'
import { liveProblems } from './live-problems.ts'

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
  const outbound = createOutbound()
  const children = createChildProcesses()
  const stores = await openStorage({ provider: 'memory' }, { now: systemNow })
  const words = createLastWords(log)
  const gateway = createVmcpGateway({
    config: () => config,
    info: { name: config.name, version: '0' },
    outbound,
    children,
    store: stores.keyValue,
    key: randomBytes(32),
    stages: [],
    aroundBackend: (_backend, _call, request, go) => go(request),
    onBackendState: () => {},
    onCatalogue: () => {},
    newId: newUuid,
    now: systemNow,
    log: words.log,
  })
  try {
    gateway.start()
    await gateway.settled(WAIT_MS)
    return [
      ...unreachable(config, gateway, words),
      ...liveProblems(config, gateway),
      ...liveComposites(config, gateway),
    ]
  } finally {
    await gateway.close()
    await children.close()
    await outbound.close()
    await stores.close()
  }
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
