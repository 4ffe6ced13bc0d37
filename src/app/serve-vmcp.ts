import { randomBytes } from 'node:crypto'
import { homedir, userInfo } from 'node:os'
import { join } from 'node:path'
import { systemNow } from '../base/clock.ts'
import { newUuid } from '../base/ids.ts'
import { createHealthMonitor } from '../gateway/health-monitor.ts'
import { createPartialFailureStage } from '../gateway/partial-failure.ts'
import { createHttpEdge } from '../mcp/http-edge.ts'
import { createStdioEdge } from '../mcp/stdio-edge.ts'
import { createOutbound } from '../net/outbound.ts'
import { renderProblem } from '../schema/problem.ts'
import type { KeyValue } from '../storage/key-value.ts'
import { openStorage } from '../storage/open-storage.ts'
import { createChildProcesses } from '../system/child-process.ts'
import { userFolders } from '../system/user-folders.ts'
import type { Logger } from '../telemetry/logger.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { PROMETHEUS_CONTENT_TYPE, renderPrometheus } from '../telemetry/prometheus.ts'
import { createAroundBackend } from './around-backend.ts'
import { createAuthenticate, principalOf } from './authenticate.ts'
import { createCallMetrics } from './call-metrics.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'
import { createVmcpGateway, toSettings } from './create-vmcp-gateway.ts'
import { appErrors } from './errors.ts'
import { createOpsRoutes } from './http/ops-routes.ts'
import { liveProblems } from './live-problems.ts'
import { createObserveStage } from './observe-calls.ts'
import { openAudit } from './open-audit.ts'
import { probeBackend } from './probe.ts'
import { serveHttp } from './serve-http.ts'
import { toBackendsHealth, toStatus } from './status.ts'
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
  /** Drains and stops. */
  close(): Promise<void>
}

/** How long the start waits for backends before names are checked; later ones are checked when they come. */
const START_WAIT_MS = 5_000

/**
 * Starts a gateway: it listens at once, and serves what is known while backends come up. Rejects when it cannot listen,
 * or when a backend that was reached lacks what the configuration names.
 */
export async function serveVmcp(options: ServeOptions): Promise<RunningVmcp> {
  const { log } = options
  const isStdio = options.stdio === true
  const disposal: (() => Promise<void> | void)[] = []
  const end = async () => {
    for (const dispose of disposal.splice(0).toReversed()) await dispose()
  }
  try {
    return await start(options, isStdio, disposal, end)
  } catch (error) {
    await end()
    log.debug({ err: error }, 'Did not start')
    throw error
  }
}

async function start(
  options: ServeOptions,
  isStdio: boolean,
  disposal: (() => Promise<void> | void)[],
  end: () => Promise<void>,
): Promise<RunningVmcp> {
  const { log } = options
  let { config } = options
  const info = { name: config.name, version: productVersion() }
  const key = randomBytes(32)
  const metrics = createMetrics()
  const callMetrics = createCallMetrics(metrics)
  const sessionsGauge = metrics.gauge('toolhive_vmcp_sessions', 'Live sessions').with()
  const connectionsGauge = metrics.gauge(
    'toolhive_vmcp_backend_connections',
    'Open connections to backends',
  )

  const store = await openSessionStore(config, log)
  disposal.push(() => store.close())
  const outbound = createOutbound()
  disposal.push(() => outbound.close())
  const children = createChildProcesses()
  disposal.push(() => children.close())
  let audit = openAudit(config, { log, isStdio })
  disposal.push(() => audit?.close())

  const health = createHealthMonitor({
    rules: () => config.operational.failureHandling,
    backends: () => gateway.backends.keys(),
    probe: (name, timeoutMs) => probeBackend(gateway.backends.get(name), timeoutMs),
    now: systemNow,
    log,
  })
  const gateway = createVmcpGateway({
    config: () => config,
    info,
    outbound,
    children,
    store,
    key,
    stages: [
      createObserveStage(callMetrics, () => audit),
      createPartialFailureStage(missingBackends),
    ],
    aroundBackend: createAroundBackend({
      health,
      metrics: callMetrics,
      passthroughHeaders: () => config.passthroughHeaders,
    }),
    onBackendState: (name, up) =>
      health.record(
        name,
        up ? { kind: 'success', durationMs: 0 } : { kind: 'failure', category: 'connection' },
      ),
    onCatalogue: () => reportNewProblems(),
    newId: newUuid,
    now: systemNow,
    log,
  })
  disposal.push(() => gateway.close())

  function missingBackends(): string[] | undefined {
    if (config.operational.failureHandling.partialFailureMode !== 'fail') return undefined
    return [...gateway.backends.values()].flatMap((each) =>
      each.main === undefined ? each.name : [],
    )
  }

  let reported = new Set<string>()
  let started = false
  /** After the start, what a backend that came later lacks is said once. */
  function reportNewProblems(): void {
    if (!started) return
    const problems = errorsOf(config)
    for (const problem of problems) {
      if (!reported.has(problem))
        log.error({ problem }, 'The configuration names what no backend offers')
    }
    reported = new Set(problems)
  }

  function errorsOf(wanted: VmcpConfig): string[] {
    return liveProblems(wanted, gateway)
      .filter((problem) => problem.severity === 'error')
      .map(renderProblem)
  }

  const limits = {
    maxBodyBytes: config.operational.limits.maxBodyBytes,
    maxParkedTotal: config.operational.limits.maxParkedCalls,
    questionTimeoutMs: config.operational.limits.questionTimeoutMs,
    parkTtlMs: config.operational.limits.questionTimeoutMs,
  }
  const edgeOptions = {
    port: gateway,
    info,
    limits,
    stateKey: key,
    newId: newUuid,
    now: systemNow,
    log,
  }
  const userName = userInfo().username
  const { promise: closed, resolve: nowClosed, reject: nowFailed } = Promise.withResolvers<void>()
  let url: string | undefined
  let drain = async (): Promise<void> => {}

  if (isStdio) {
    const edge = createStdioEdge({
      ...edgeOptions,
      principal: principalOf(config.incomingAuth, userName),
      input: process.stdin,
      output: process.stdout,
    })
    drain = () => edge.close()
    edge.done.then(() => end().then(nowClosed, nowFailed), nowFailed)
  } else {
    const edge = createHttpEdge({
      ...edgeOptions,
      authenticate: createAuthenticate(config.incomingAuth, userName),
      allowedHosts: allowedHosts(config, options.host),
      allowedOrigins:
        config.server.allowedOrigins.length > 0 ? config.server.allowedOrigins : undefined,
    })
    const listener = await serveHttp({
      host: options.host,
      port: options.port,
      handlers: [
        (req, res) => edge.handle(req, res),
        createOpsRoutes({
          ready: () => readiness(),
          status: () => toStatus({ gateway, health, config, version: info.version }),
          backendsHealth: () =>
            toBackendsHealth({ gateway, health, config, version: info.version }),
          metrics: () => exposition(),
        }),
      ],
    })
    url = `${listener.origin}/mcp`
    drain = async () => {
      await edge.drain(config.operational.drain.timeoutMs)
      edge.close()
      await listener.close(1_000)
    }
  }

  function readiness(): { ok: boolean; body: object } {
    const missing = missingBackends()
    if (draining) return { ok: false, body: { status: 'not_ready', reason: 'draining' } }
    if (missing !== undefined && missing.length > 0) {
      return {
        ok: false,
        body: { status: 'not_ready', reason: 'backends_missing', backends: missing },
      }
    }
    return { ok: true, body: { status: 'ready', mode: 'static' } }
  }

  function exposition(): { type: string; text: string } | undefined {
    if (!config.telemetry.enablePrometheusMetricsPath) return undefined
    sessionsGauge.set(gateway.sessions.size)
    callMetrics.setBackends(gateway.backends.size)
    for (const backend of gateway.backends.values()) {
      connectionsGauge.with({ backend: backend.name }).set(backend.connections)
    }
    const text = renderPrometheus(metrics.snapshot(), config.telemetry.customAttributes)
    return { type: PROMETHEUS_CONTENT_TYPE, text }
  }

  let draining = false
  gateway.start()
  health.start()
  disposal.push(() => health.stop())
  if (url !== undefined) log.info({ url }, 'Listening')
  await gateway.settled(START_WAIT_MS)
  const problems = errorsOf(config)
  if (problems.length > 0) throw appErrors.UNKNOWN_NAMES({ problems })
  for (const note of gateway.catalogue.notes)
    log.info({ note: note.message }, 'About the catalogue')
  started = true

  return {
    url,
    closed,
    backends: () =>
      [...gateway.backends.values()].map((backend) => ({
        name: backend.name,
        tools: gateway.catalogue.tools.filter((tool) => tool.route.backend === backend.name).length,
        error: backend.lastError,
      })),
    async reload(next) {
      const wrong = errorsOf(next)
      if (wrong.length > 0) throw appErrors.UNKNOWN_NAMES({ problems: wrong })
      const before = config
      const sameAudit = JSON.stringify(before.audit) === JSON.stringify(next.audit)
      const nextAudit = sameAudit ? audit : openAudit(next, { log, isStdio })
      const oldAudit = audit
      config = next
      audit = nextAudit
      if (!sameAudit) await oldAudit?.close()
      warnOfRestart(before, next, log)
      await gateway.reconfigure(toSettings(next))
    },
    async close() {
      draining = true
      await drain()
      await end()
      nowClosed()
    },
  }
}

async function openSessionStore(config: VmcpConfig, log: Logger): Promise<KeyValue> {
  const { provider, path } = config.sessionStorage
  const settings =
    provider === 'sqlite'
      ? ({ provider, path: path ?? defaultSessionFile() } as const)
      : ({ provider: 'memory' } as const)
  return openStorage(settings, {
    now: systemNow,
    onError: (error) => log.warn({ err: error }, 'Housekeeping of the session store failed'),
  })
}

function defaultSessionFile(): string {
  const folders = userFolders({ env: process.env, platform: process.platform, home: homedir() })
  return join(folders.data, 'sessions.db')
}

/** On loopback only loopback names reach us; elsewhere the names are the operator's business unless he lists them. */
function allowedHosts(config: VmcpConfig, host: string): readonly string[] {
  const isLoopback = host === 'localhost' || host === '::1' || host.startsWith('127.')
  const listed = config.server.allowedHosts
  if (isLoopback) return ['localhost', '127.0.0.1', '[::1]', ...listed]
  return listed.length > 0 ? listed : ['*']
}

/** What only a restart puts into effect. */
const AT_START_ONLY = ['name', 'incomingAuth', 'sessionStorage', 'telemetry', 'server'] as const

function warnOfRestart(before: VmcpConfig, next: VmcpConfig, log: Logger): void {
  const changed = AT_START_ONLY.filter(
    (key) => JSON.stringify(before[key]) !== JSON.stringify(next[key]),
  )
  if (changed.length > 0)
    log.warn({ sections: changed }, 'These sections take effect at the next start')
}
