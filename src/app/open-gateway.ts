import { systemNow } from '../base/clock.ts'
import { newUuid } from '../base/ids.ts'
import type { Gateway, GatewayOptions } from '../gateway/create-gateway.ts'
import { createHealthMonitor, type HealthMonitor } from '../gateway/health-monitor.ts'
import { createKeyedCalls, type KeyedCalls } from '../gateway/keyed-calls.ts'
import { createPartialFailureStage } from '../gateway/partial-failure.ts'
import { clientToolName } from '../gateway/tool-name.ts'
import type { Implementation } from '../mcp/messages.ts'
import { openRateLimiter } from '../policy/open-rate-limiter.ts'
import { createRateLimits, type RateLimits } from '../policy/rate-limits.ts'
import type { Logger } from '../telemetry/logger.ts'
import { createAroundBackend, outcomeOf } from './around-backend.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'
import type { Fleet } from './create-fleet.ts'
import { createVmcpGateway } from './create-vmcp-gateway.ts'
import type { InEffect } from './in-effect.ts'
import { createLimitStage } from './limit-calls.ts'
import { createLimitObserver } from './limit-observer.ts'
import { createObserveStage } from './observe-calls.ts'
import { openComposites, type Composites } from './open-composites.ts'
import { openFleet } from './open-fleet.ts'
import type { Means } from './open-means.ts'
import { missingBackends } from './ops-sources.ts'
import { probeBackend } from './probe.ts'
import type { Stack } from './stack.ts'
import { openPermits } from './open-permits.ts'

/** A gateway that is not started yet, with all that its calls go through. */
export interface GatewayParts {
  readonly gateway: Gateway
  readonly health: HealthMonitor
  readonly limits: RateLimits
  readonly keyed: KeyedCalls
  readonly composites: Composites
  /** Undefined: there are no other replicas. */
  readonly fleet: Fleet | undefined
}

export interface OpenGatewayOptions {
  readonly info: Implementation
  readonly means: Means
  readonly inEffect: InEffect
  /** Where it listens; undefined: on stdio. */
  readonly host: string | undefined
  readonly onCatalogue: GatewayOptions['onCatalogue']
  readonly stack: Stack
  readonly log: Logger
}

const KEYED_CALLS_PREFIX = 'call:'
/** How long the answer of a call with an idempotency key can be fetched. */
const KEYED_CALLS_KEEP_MS = 10 * 60_000

/** Makes the gateway of a vMCP file: policy around it, other replicas beside it, composite tools in it. The stack closes it. */
export async function openGateway(options: OpenGatewayOptions): Promise<GatewayParts> {
  const { info, means, inEffect, host, onCatalogue, stack, log } = options
  const config = (): VmcpConfig => inEffect.config
  const keyed = createKeyedCalls({
    store: means.stores.keyValue,
    keyPrefix: KEYED_CALLS_PREFIX,
    sealer: means.sealer,
    keepMs: KEYED_CALLS_KEEP_MS,
    runner: newUuid(),
    newId: newUuid,
    // Asked when calls come, after it was opened.
    peers: () => fleet?.keyedCallsPeers,
    hasRun: (id) => composites.hasRun(id),
    log,
  })
  stack.add({ close: () => keyed.close() })
  const place = { namespace: process.env['VMCP_NAMESPACE'] || 'local', server: info.name }
  const limits = createRateLimits({
    ...place,
    limiter: await openRateLimiter(means.stores),
    observer: createLimitObserver({ ...place, metrics: means.metrics, log }),
  })
  limits.configure(config().rateLimiting)
  if (config().rateLimiting !== undefined) await limits.prove()

  const health = createHealthMonitor({
    rules: () => config().operational.failureHandling,
    backends: () => gateway.backends.keys(),
    probe: (name, timeoutMs) => probeBackend(gateway.backends.get(name), timeoutMs),
    now: systemNow,
    log,
  })
  const aroundBackend = createAroundBackend({
    health,
    metrics: means.callMetrics,
    passthroughHeaders: () => config().passthroughHeaders,
  })
  const fleet =
    host === undefined
      ? undefined
      : await openFleet({
          config,
          store: means.stores.keyValue,
          appendLog: means.stores.appendLog,
          storeKey: means.key,
          secrets: means.secrets,
          sealer: means.sealer,
          host,
          env: process.env,
          gateway: () => gateway,
          keyed,
          log,
        })
  if (fleet !== undefined) stack.add(fleet)
  const permits = fleet && (await openPermits(config(), means.stores, log))
  if (permits !== undefined) stack.add(permits)
  const composites = openComposites({
    config,
    means,
    fleet,
    audit: () => inEffect.audit,
    replica: fleet?.edgePeers.self,
    log,
  })
  const gateway: Gateway = stack.add(
    createVmcpGateway({
      ...means,
      store: means.sessionStore.sessions,
      peers: fleet?.gatewayPeers,
      onPeerGone: fleet?.onPeerGone,
      permits,
      config,
      info,
      stages: [
        ...(means.traced ? [means.traced.stage] : []),
        createObserveStage(means.callMetrics, () => inEffect.audit),
        keyed.stage,
        createLimitStage(limits, (call) => clientToolName(call, gateway.catalogue)),
        createPartialFailureStage(() => missingBackends(gateway, health, config())),
      ],
      aroundBackend: means.traced?.around(aroundBackend) ?? aroundBackend,
      onBackendState: (name, up, error) =>
        health.record(name, up ? CAME_UP : (outcomeOf(error) ?? WENT_DOWN), 'contact'),
      makeSources: composites.makeSources,
      onCatalogue,
      newId: newUuid,
      now: systemNow,
      log,
    }),
  )
  // Before the backends are gone: what their runs do is not to fail.
  stack.add({ close: () => composites.leave(0) })
  return { gateway, health, limits, keyed, composites, fleet }
}

const CAME_UP = { kind: 'success', durationMs: 0 } as const
const WENT_DOWN = { kind: 'failure', category: 'connection' } as const
