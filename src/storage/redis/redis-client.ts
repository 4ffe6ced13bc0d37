import type { ConnectionOptions } from 'node:tls'
import { Cluster, Redis } from 'ioredis'
import type { RedisSettings, RedisTls } from '../redis-settings.ts'
import { MasterConnector } from './sentinel-connector.ts'

/** A connection to one server, or to the nodes of a Cluster. */
export type RedisClient = Redis | Cluster

/** How long to wait before the n-th try to connect again: 100 ms to 2 s, a part of it by chance so that not all come at once. */
function reconnectDelayMs(tries: number): number {
  const fullMs = Math.min(100 * 2 ** Math.min(tries - 1, 10), 2000)
  // The clock's digits are chance enough to keep replicas apart.
  return Math.round(fullMs * (0.7 + 0.3 * ((performance.now() * 7.919) % 1)))
}

export interface ClientOptions {
  readonly mayRetry: () => boolean
  /** For commands that wait at the server, and for a user that is to hear of a lost connection only by its absence. */
  readonly patient?: boolean
}

/**
 * A client that is not connected yet. Cut off, it fails commands at once and goes on trying to connect. A command is sent once:
 * one whose answer was lost is never sent again, as it may have had its effect. `mayRetry` is asked each time whether it may try again.
 */
export function createRedisClient(
  settings: RedisSettings,
  { mayRetry, patient = false }: ClientOptions,
): RedisClient {
  const { topology, timeouts } = settings
  const retry = (tries: number) => (mayRetry() ? reconnectDelayMs(tries) : null)
  const common = {
    ...credentials(settings),
    db: settings.db,
    connectTimeout: timeouts.dialMs,
    // A server that froze answers nothing and closes nothing: the connection is given up so that a new one can be tried.
    socketTimeout: timeouts.readMs + timeouts.writeMs,
    commandTimeout: timeouts.readMs,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    lazyConnect: true,
    connectionName: 'toolhive',
    protocol: 2 as const,
    retryStrategy: retry,
    // After a failover we may be talking to a former master.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
    ...(settings.tls === undefined ? {} : { tls: tlsOptions(settings.tls) }),
    ...(patient ? PATIENT : {}),
  }
  switch (topology.kind) {
    case 'standalone':
      return new Redis({ ...common, ...topology.address })
    case 'sentinel':
      return new Redis({
        ...common,
        name: topology.masterName,
        sentinels: [...topology.addresses],
        sentinelRetryStrategy: retry,
        sentinelCommandTimeout: timeouts.readMs,
        failoverDetector: true,
        Connector: MasterConnector,
        ...(topology.username === undefined ? {} : { sentinelUsername: topology.username }),
        ...(topology.password === undefined ? {} : { sentinelPassword: topology.password }),
        ...(topology.tls === undefined
          ? {}
          : { enableTLSForSentinelMode: true, sentinelTLS: tlsOptions(topology.tls) }),
      })
    case 'cluster':
      return new Cluster([...topology.addresses], {
        redisOptions: common,
        enableOfflineQueue: false,
        lazyConnect: true,
        clusterRetryStrategy: retry,
        // Certificates carry names; the default resolves them to addresses first.
        dnsLookup: (address, callback) => callback(null, address),
        slotsRefreshTimeout: timeouts.readMs,
        slotsRefreshInterval: 30_000,
      })
  }
}

/** `undefined` takes a limit away. */
const PATIENT = {
  socketTimeout: undefined,
  commandTimeout: undefined,
  maxRetriesPerRequest: null,
  enableOfflineQueue: true,
}

function credentials({ username, password }: RedisSettings): {
  username?: string
  password?: string
} {
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  }
}

function tlsOptions({
  ca,
  cert,
  key,
  serverName,
  insecureSkipVerify,
}: RedisTls): ConnectionOptions {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(insecureSkipVerify ? { rejectUnauthorized: false } : {}),
  }
}
