import { hostname } from 'node:os'
import { systemNow } from '../base/clock.ts'
import type { Gateway } from '../gateway/create-gateway.ts'
import type { KeyedCalls } from '../gateway/keyed-calls.ts'
import type { AppendLog } from '../storage/append-log.ts'
import type { KeyValue } from '../storage/key-value.ts'
import type { Sealer } from '../storage/sealing.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Env } from './config/resolve-env.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'
import type { Fleet } from './create-fleet.ts'
import { isLoopbackHost } from './http/loopback.ts'

/** What the keys of the fleet start with. */
export const CLUSTER_PREFIX = 'cluster:'

export interface FleetOptions {
  /** Asked anew where a reload may have changed it. */
  readonly config: () => VmcpConfig
  readonly store: KeyValue
  readonly appendLog: AppendLog
  /** The key of this store, see `storedKey`: seals the link where the configuration has none. */
  readonly storeKey: Buffer
  /** Address that MCP listens on. */
  readonly host: string
  /** See `fleetSecrets`. */
  readonly secrets: readonly Buffer[]
  /** Seals what is secret in the store; undefined: no key is configured. */
  readonly sealer: Sealer | undefined
  readonly env: Env
  /** Asked when others ask, after it was made. */
  readonly gateway: () => Gateway
  readonly keyed: Pick<KeyedCalls, 'recall'>
  readonly log: Logger
}

/**
 * The other replicas of this gateway: with Redis always, with SQLite where the file has a section `cluster`. Undefined: it is
 * alone, and nothing of all that is loaded. Rejects with CLUSTER_NO_KEY, CLUSTER_NO_TLS or CLUSTER_CANNOT_LISTEN.
 */
export async function openFleet(options: FleetOptions): Promise<Fleet | undefined> {
  const config = options.config()
  const { sessionStorage, cluster: section } = config
  const { provider } = sessionStorage
  const isWanted = section === undefined ? provider === 'redis' : section.enabled
  // Without a provider the store is of this gateway alone.
  if (!isWanted || provider === 'memory' || provider === undefined) return undefined
  const { openCluster } = await import('../cluster/open-cluster.ts')
  const { readLinkTls } = await import('../cluster/read-link-tls.ts')
  const [secret = options.storeKey, ...otherSecrets] = options.secrets
  const host = section?.host ?? (isLoopbackHost(options.host) ? options.host : '0.0.0.0')
  const tls = section?.tls === undefined ? undefined : readLinkTls(section.tls)
  const scheme = tls === undefined ? 'http' : 'https'
  const { createKeptEvents } = await import('../cluster/kept-events.ts')
  const { createFleet } = await import('./create-fleet.ts')
  const cluster = await openCluster({
    gateway: config.name,
    store: options.store,
    keyPrefix: CLUSTER_PREFIX,
    storePrefix: sessionStorage.keyPrefix,
    host,
    port: section?.port ?? 0,
    urlFor: (port) => section?.advertise ?? `${scheme}://${reachableAt(host, options.env)}:${port}`,
    linkSecrets: [secret, ...otherSecrets],
    sealer: options.sealer,
    tls,
    ttlMs: () => options.config().operational.sessions.ttlMs,
    maxMessageBytes: config.operational.limits.maxResponseBytes,
    now: systemNow,
    log: options.log,
  })
  const keptEvents = createKeptEvents({
    log: options.appendLog,
    keyPrefix: 'events:',
    sealer: options.sealer,
    logger: options.log,
  })
  const { gateway, keyed, log } = options
  return createFleet({ cluster, keptEvents, gateway, keyed, log })
}

/** A host name by which other replicas find this one: a pod's address, else the name of the machine. */
function reachableAt(host: string, env: Env): string {
  if (isLoopbackHost(host)) return host.includes(':') ? `[${host}]` : host
  const podIp = env['POD_IP']
  if (podIp !== undefined && podIp !== '') return podIp.includes(':') ? `[${podIp}]` : podIp
  return host === '0.0.0.0' || host === '::' ? hostname() : host
}
