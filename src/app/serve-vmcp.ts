import type { Gateway } from '../gateway/create-gateway.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Problem } from '../schema/problem.ts'
import { createAuditPort } from './audit-port.ts'
import {
  openHttpSide,
  openStdioSide,
  type ClientSide,
  type ClientSideOptions,
} from './client-side.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'
import { toSettings } from './create-vmcp-gateway.ts'
import { appErrors } from './errors.ts'
import { createInEffect } from './in-effect.ts'
import { endsWithinMs, leave, leavePlan } from './leave.ts'
import { createNameWatch } from './name-watch.ts'
import { openGateway } from './open-gateway.ts'
import { openMeans } from './open-means.ts'
import { openMetricsPort } from './open-metrics-port.ts'
import { createOpsSources } from './ops-sources.ts'
import { createMetricsReader } from './read-metrics.ts'
import { createStack, type Stack } from './stack.ts'
import { tellOfListening } from './tell-of-listening.ts'
import { productVersion } from './version.ts'

/** What a gateway needs to start. */
export interface ServeOptions {
  readonly config: VmcpConfig
  readonly host: string
  /** 0 = any free port. */
  readonly port: number
  readonly log: Logger
  /** Speak MCP on stdin and stdout instead of listening. */
  readonly stdio?: boolean
  /** Where clients come in, instead of a port or stdio. */
  readonly openClients?: (side: ClientSideOptions) => ClientSide
  /** Ends the wait for backends at the start: it is to be closed at once. */
  readonly stop?: AbortSignal
}

/** A gateway that runs. */
export interface RunningVmcp {
  /** `http://127.0.0.1:4483/mcp`; undefined on stdio. */
  readonly url: string | undefined
  /** Resolves when it has ended, by `close` or because stdin did. */
  readonly closed: Promise<void>
  /** The backends as they are now, for whoever shows them. */
  readonly backends: () => { name: string; tools: number; error: string | undefined }[]
  /** Puts another configuration into effect; sessions and calls in flight stay. Rejects if that cannot be done. */
  reload(config: VmcpConfig): Promise<void>
  /** Drains and stops, in time for what `operational.drain` says. */
  close(): Promise<void>
  /** How long after it was told to end the process has to be gone; undefined: nobody said. */
  readonly endsWithinMs: () => number | undefined
}

/** How long the start waits for backends before names are checked; later ones are checked when they come. */
const START_WAIT_MS = 5_000

/**
 * Starts a gateway: over HTTP it listens at once, and serves what is known while backends come up. Rejects when it cannot listen,
 * or when a backend that was reached lacks what the configuration names; then nothing is left behind.
 */
export async function serveVmcp(options: ServeOptions): Promise<RunningVmcp> {
  const stack = createStack()
  try {
    return await start(options, stack)
  } catch (error) {
    // What went wrong first is what has to be heard of.
    await stack.end().catch((later: unknown) => {
      options.log.warn({ err: later }, 'Cannot clean up after a failed start')
    })
    throw error
  }
}

async function start(options: ServeOptions, stack: Stack): Promise<RunningVmcp> {
  const { log } = options
  const isStdio = options.stdio === true
  let draining = false
  const info = { name: options.config.name, version: productVersion() }
  const means = await openMeans(options.config, info, {
    stack,
    port: isStdio ? undefined : options.port,
    readMetrics: () => readMetrics(),
    log,
  })
  const inEffect = stack.add(createInEffect(options.config, { log, isStdio }))
  const config = (): VmcpConfig => inEffect.config
  const { gateway, health, limits, keyed, composites, fleet } = await openGateway({
    info,
    means,
    inEffect,
    host: isStdio ? undefined : options.host,
    onCatalogue: () => names.look(),
    stack,
    log,
  })
  const readMetrics = createMetricsReader({ ...means, gateway, health })
  const names = createNameWatch(() => gateway, config, log)
  await composites.start(gateway)
  const ops = createOpsSources({
    gateway,
    health,
    readMetrics,
    config,
    version: info.version,
    isDraining: () => draining,
  })
  const port = createAuditPort(gateway, { audit: () => inEffect.audit, isStdio })
  const side = {
    port,
    info,
    config: options.config,
    stateKey: means.key,
    ops,
    fleet,
    composites,
    log,
  }
  const firstChance = () => Promise.race([gateway.settled(START_WAIT_MS), aborted(options.stop)])
  if (isStdio) {
    gateway.start()
    // This client starts us and asks for the tools at once, many of them only once: it waits until there are some.
    await firstChance()
  }
  const clients =
    options.openClients?.(side) ??
    (isStdio ? openStdioSide(side) : await openHttpSide(side, options))
  stack.add({ close: () => clients.drain(0) })
  const metricsPort = await openMetricsPort(config(), options.host, ops)
  if (metricsPort !== undefined) {
    stack.add(metricsPort)
    log.info({ url: `${metricsPort.origin}/metrics` }, 'Metrics are served')
  }
  if (!isStdio) gateway.start()
  health.start()
  stack.add({ close: () => health.stop() })
  await fleet?.start()
  if (clients.url !== undefined) tellOfListening(clients.url, options)

  await firstChance()
  refuse(names.problems(config()))
  names.begin()
  // `closed` tells of a failure.
  clients.gone.then(() => stack.end()).catch(() => {})

  return {
    url: clients.url,
    closed: stack.ended,
    backends: () => backendsOf(gateway),
    async reload(next) {
      refuse(names.problems(next))
      if (next.rateLimiting !== undefined) await limits.prove()
      const { finish } = inEffect.replace(next)
      limits.configure(next.rateLimiting)
      await composites.reconfigure(gateway)
      gateway.reconfigure(toSettings(next))
      await finish()
    },
    async close() {
      draining = true
      const plan = leavePlan(config().operational.drain)
      const { delayMs, timeoutMs, lateMs, closeMs } = plan
      const closedBy = performance.now() + delayMs + timeoutMs + lateMs + closeMs
      try {
        await leave({ plan, clients, keyed, composites, fleet, log })
      } finally {
        await stack.end(Math.max(0, closedBy - performance.now()))
      }
    },
    endsWithinMs: () => endsWithinMs(config().operational.drain),
  }
}

function refuse(problems: readonly Problem[]): void {
  if (problems.length > 0) throw appErrors.UNKNOWN_NAMES({ problems })
}

function backendsOf(gateway: Gateway): ReturnType<RunningVmcp['backends']> {
  return [...gateway.backends.values()].map(({ name, lastError }) => ({
    name,
    tools: gateway.catalogue.tools.filter((tool) => tool.route.backend === name).length,
    error: lastError,
  }))
}

function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) resolve()
    signal?.addEventListener('abort', () => resolve(), { once: true })
  })
}
