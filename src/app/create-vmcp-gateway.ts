import type { Now } from '../base/clock.ts'
import type { SharedPermits } from '../cluster/shared-permits.ts'
import type { NewId } from '../base/ids.ts'
import { connectTimeoutMs } from '../gateway/call-timeouts.ts'
import { createGateway, type Gateway, type GatewayOptions } from '../gateway/create-gateway.ts'
import type { GatewayPeers } from '../gateway/peers.ts'
import type { PeerGone } from '../mcp/connect-backend.ts'
import type { Implementation } from '../mcp/messages.ts'
import type { Outbound } from '../net/outbound.ts'
import type { KeyValue } from '../storage/key-value.ts'
import type { ChildProcesses } from '../system/child-process.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'
import { createConnectTo } from './connect-to.ts'

export interface VmcpGatewayParts extends Pick<
  GatewayOptions,
  'stages' | 'aroundBackend' | 'onBackendState' | 'onCatalogue' | 'makeSources'
> {
  /** Asked anew where a reload may have changed it. */
  readonly config: () => VmcpConfig
  readonly info: Implementation
  readonly outbound: Outbound
  readonly children: ChildProcesses
  readonly store: KeyValue
  /** 32 bytes. */
  readonly key: Buffer
  readonly peers?: GatewayPeers | undefined
  readonly onPeerGone?: PeerGone | undefined
  readonly permits?: SharedPermits | undefined
  readonly newId: NewId
  readonly now: Now
  readonly log: Logger
}

/** The gateway of a vMCP file, with its connections to the backends; not yet started. */
export function createVmcpGateway(parts: VmcpGatewayParts): Gateway {
  const { config, info, outbound, children, log } = parts
  return createGateway({
    ...toSettings(config()),
    info,
    connectTo: createConnectTo({
      info,
      outbound,
      children,
      outgoingAuth: () => config().outgoingAuth,
      connectTimeoutMs(known) {
        const { backends, operational } = config()
        // A reload may have changed the timeouts of a backend that stays.
        const backend = backends.find(({ name }) => name === known.name) ?? known
        return connectTimeoutMs(operational, backend)
      },
      maxMessageBytes: config().operational.limits.maxResponseBytes,
      onPeerGone: parts.onPeerGone,
      log,
    }),
    store: parts.store,
    // The stores put `sessionStorage.keyPrefix` before every key.
    sessionKeyPrefix: '',
    key: parts.key,
    peers: parts.peers,
    permits: parts.permits,
    stages: parts.stages,
    ...(parts.makeSources === undefined ? {} : { makeSources: parts.makeSources }),
    aroundBackend: parts.aroundBackend,
    onBackendState: parts.onBackendState,
    onCatalogue: parts.onCatalogue,
    newId: parts.newId,
    now: parts.now,
    log,
  })
}

/** The slices of the file that the gateway takes, also at a reload. */
export function toSettings(config: VmcpConfig) {
  return {
    backends: config.backends,
    aggregation: config.aggregation,
    operational: config.operational,
  }
}
