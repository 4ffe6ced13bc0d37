import { newUuid } from '../base/ids.ts'
import type { SharedPermits } from '../cluster/shared-permits.ts'
import type { Stores } from '../storage/stores.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'

/** The budgets of backends, counted over all replicas. Undefined where the store cannot count. */
export async function openPermits(
  { name, sessionStorage }: Pick<VmcpConfig, 'name' | 'sessionStorage'>,
  { script, bus }: Pick<Stores, 'script' | 'bus'>,
  log: Logger,
): Promise<SharedPermits | undefined> {
  if (script === undefined) return undefined
  const { openSharedPermits } = await import('../cluster/shared-permits.ts')
  // Gateways of several configurations may share a store: each has backends of its own.
  const keyPrefix = `${sessionStorage.keyPrefix}${name}:`
  return openSharedPermits({ script, bus, keyPrefix, self: newUuid(), log })
}
