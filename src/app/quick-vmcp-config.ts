import { parseVmcpConfig } from './load-vmcp-config.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'

/** A server of a group, as quick mode and `init` see it. */
export interface GroupBackend {
  readonly name: string
  readonly url: string
  readonly transport: 'sse' | 'streamable-http'
}

/**
 * The configuration of quick mode: everybody may call (the listener is on loopback only), names get the prefix
 * `{workload}_`, everything else is as a file that says nothing.
 */
export async function quickVmcpConfig(
  group: string,
  backends: readonly GroupBackend[],
): Promise<VmcpConfig> {
  const file = {
    name: group,
    groupRef: group,
    backends,
    incomingAuth: { type: 'anonymous' },
    outgoingAuth: { source: 'inline' },
    aggregation: {
      conflictResolution: 'prefix',
      conflictResolutionConfig: { prefixFormat: '{workload}_' },
    },
  }
  const { config, problems } = await parseVmcpConfig(JSON.stringify(file), `group ${group}`, {})
  if (config) return config
  throw new Error(`quick mode made an invalid configuration: ${problems[0]?.reason}`)
}
