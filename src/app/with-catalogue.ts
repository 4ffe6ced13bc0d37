import { randomBytes } from 'node:crypto'
import { systemNow } from '../base/clock.ts'
import { newUuid } from '../base/ids.ts'
import type { Gateway } from '../gateway/create-gateway.ts'
import { createOutbound } from '../net/outbound.ts'
import { openStorage } from '../storage/open-storage.ts'
import { createChildProcesses } from '../system/child-process.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'
import { createVmcpGateway } from './create-vmcp-gateway.ts'
import { createLastWords, type LastWords } from './last-words.ts'

/**
 * Connects to the backends of a file, looks at what they offer, and disconnects. Nothing is called.
 * @param options.waitMs So long for the backends; what is not there then is looked at without.
 */
export async function withCatalogue<Result>(
  config: VmcpConfig,
  { log, waitMs }: { readonly log: Logger; readonly waitMs: number },
  look: (gateway: Gateway, words: LastWords) => Result,
): Promise<Result> {
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
    await gateway.settled(waitMs)
    return look(gateway, words)
  } finally {
    await gateway.close()
    await children.close()
    await outbound.close()
    await stores.close()
  }
}
