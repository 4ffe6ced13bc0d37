import { randomBytes } from 'node:crypto'
import { anyPresent } from '../cluster/any-present.ts'
import type { Implementation } from '../mcp/messages.ts'
import { createOutbound, type Outbound } from '../net/outbound.ts'
import type { Sealer } from '../storage/sealing.ts'
import type { Stores } from '../storage/stores.ts'
import { createChildProcesses, type ChildProcesses } from '../system/child-process.ts'
import type { Logger } from '../telemetry/logger.ts'
import { createMetrics, type Metrics, type MetricSnapshot } from '../telemetry/metrics.ts'
import { openExport } from '../telemetry/open-export.ts'
import { createCallMetrics, type CallMetrics } from './call-metrics.ts'
import type { Tracing } from '../telemetry/tracing.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'
import { fleetSecrets } from './fleet-secret.ts'
import { CLUSTER_PREFIX } from './open-fleet.ts'
import { openSealer } from './open-sealer.ts'
import { openSessionStore, type SessionStore } from './open-session-store.ts'
import type { Stack } from './stack.ts'
import { keepStoredKey, storedKey } from './stored-key.ts'
import { createCallTracing, type CallTracing } from './trace-calls.ts'

/** What a gateway works with: the network, processes, storage, measurement. */
export interface Means {
  readonly metrics: Metrics
  readonly callMetrics: CallMetrics
  /** Undefined where nothing is traced. */
  readonly tracing: Tracing | undefined
  readonly traced: CallTracing | undefined
  readonly sessionStore: SessionStore
  /** Those of the session store, for everything else that is kept. */
  readonly stores: Stores
  /** Seals what is secret before it is stored; undefined: no key is configured, and no credentials may be stored. */
  readonly sealer: Sealer | undefined
  /** 32 bytes: seals what clients hold for us. */
  readonly key: Buffer
  /** See `fleetSecrets`. */
  readonly secrets: readonly Buffer[]
  readonly outbound: Outbound
  readonly children: ChildProcesses
}

const NOT_SEALED =
  'sessionStorage.encryption has no keys: whoever may read this Redis can forge cursors and task handles'

/** By then replicas that run have put back a key that somebody replaced. */
const KEY_PATIENCE_MS = 4_000

/** Opens all of it; the stack closes it. `readMetrics` is what is exported. */
export async function openMeans(
  config: VmcpConfig,
  info: Implementation,
  options: {
    readonly stack: Stack
    /** Where it listens; 0: any port, undefined: on stdio. */
    readonly port: number | undefined
    readonly readMetrics: () => readonly MetricSnapshot[]
    readonly log: Logger
  },
): Promise<Means> {
  const { stack, port, readMetrics, log } = options
  const metrics = createMetrics()
  const telemetry = stack.add(
    await openExport({
      config: config.telemetry,
      service: info,
      env: process.env,
      metrics: readMetrics,
      log,
    }),
  )
  const { name, sessionStorage } = config
  const secrets = fleetSecrets(config.cluster, process.env)
  const sealer = await openSealer(sessionStorage, secrets, process.env)
  const sessionStore = stack.add(await openSessionStore({ sessionStorage, name, port, log }))
  const { stores } = sessionStore
  if (sessionStore.provider === 'redis' && sealer === undefined) log.warn({}, NOT_SEALED)
  const store = stores.keyValue
  const isRedis = sessionStore.provider === 'redis'
  const patienceMs = isRedis ? KEY_PATIENCE_MS : 0
  const key = await storedKey({
    store,
    fresh: () => randomBytes(32),
    sealer,
    patienceMs,
    othersRun: () => anyPresent(store, CLUSTER_PREFIX),
    log,
  })
  if (isRedis) stack.add(keepStoredKey({ store, key, sealer, log }))
  return {
    metrics,
    callMetrics: createCallMetrics(metrics, info.name),
    tracing: telemetry.tracing,
    traced: telemetry.tracing && createCallTracing(telemetry.tracing, config.telemetry),
    sessionStore,
    stores,
    sealer,
    key,
    secrets,
    outbound: stack.add(createOutbound()),
    children: stack.add(createChildProcesses()),
  }
}
