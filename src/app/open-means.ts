import { randomBytes } from 'node:crypto'
import { createSealer } from '../cluster/sealer.ts'
import type { Implementation } from '../mcp/messages.ts'
import { createOutbound, type Outbound } from '../net/outbound.ts'
import type { Stores } from '../storage/stores.ts'
import { createChildProcesses, type ChildProcesses } from '../system/child-process.ts'
import type { Logger } from '../telemetry/logger.ts'
import { createMetrics, type Metrics, type MetricSnapshot } from '../telemetry/metrics.ts'
import { openExport } from '../telemetry/open-export.ts'
import { createCallMetrics, type CallMetrics } from './call-metrics.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'
import { fleetSecret } from './fleet-secret.ts'
import { openSessionStore } from './open-session-store.ts'
import type { Stack } from './stack.ts'
import { storedKey } from './stored-key.ts'
import { createCallTracing, type CallTracing } from './trace-calls.ts'

/** What a gateway works with: the network, processes, storage, measurement. */
export interface Means {
  readonly metrics: Metrics
  readonly callMetrics: CallMetrics
  /** Undefined where nothing is traced. */
  readonly traced: CallTracing | undefined
  readonly stores: Stores
  /** 32 bytes: seals what clients hold for us. */
  readonly key: Buffer
  /** The key of the fleet as configured; undefined: none. */
  readonly secret: Buffer | undefined
  readonly outbound: Outbound
  readonly children: ChildProcesses
}

/** Opens all of it; the stack closes it. `readMetrics` is what is exported. */
export async function openMeans(
  config: VmcpConfig,
  info: Implementation,
  options: {
    readonly stack: Stack
    readonly readMetrics: () => readonly MetricSnapshot[]
    readonly log: Logger
  },
): Promise<Means> {
  const { stack, readMetrics, log } = options
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
  const stores = stack.add(await openSessionStore(config, log))
  const secret = fleetSecret(config.cluster, process.env)
  const sealer = secret && createSealer(secret)
  return {
    metrics,
    callMetrics: createCallMetrics(metrics, info.name),
    traced: telemetry.tracing && createCallTracing(telemetry.tracing, config.telemetry),
    stores,
    key: await storedKey(stores.keyValue, () => randomBytes(32), sealer),
    secret,
    outbound: stack.add(createOutbound()),
    children: stack.add(createChildProcesses()),
  }
}
