import type { VmcpConfig } from '../app/load-vmcp-config.ts'
import { withGroupBackends } from '../app/with-group-backends.ts'
import type { CommandContext } from './command-spec.ts'
import { localGroup } from './local-group.ts'

/** A file without backends means the servers of its group on this machine, as they are now. */
export async function withBackends(
  config: VmcpConfig,
  context: CommandContext,
): Promise<VmcpConfig> {
  if (config.backends.length > 0) return config
  return withGroupBackends(config, await localGroup(config.groupRef, context))
}
