import type { Gateway } from '../gateway/create-gateway.ts'
import type { HealthMonitor } from '../gateway/health-monitor.ts'
import type { MetricSnapshot } from '../telemetry/metrics.ts'
import { PROMETHEUS_CONTENT_TYPE, renderPrometheus } from '../telemetry/prometheus.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'
import type { MetricsPage, OpsSources } from './http/ops-routes.ts'
import { toBackendsHealth, toStatus } from './status.ts'

export interface OpsParts {
  readonly gateway: Gateway
  readonly health: HealthMonitor
  readonly readMetrics: () => readonly MetricSnapshot[]
  readonly config: () => VmcpConfig
  readonly version: string
  readonly isDraining: () => boolean
}

/** What the endpoints for operators show of a running gateway. */
export function createOpsSources(parts: OpsParts): OpsSources {
  const { gateway, health, readMetrics, config, version } = parts
  const status = () => ({ gateway, health, config: config(), version })
  const page = (): MetricsPage => ({
    type: PROMETHEUS_CONTENT_TYPE,
    text: renderPrometheus(readMetrics(), config().telemetry.customAttributes),
  })
  return {
    ready() {
      if (parts.isDraining()) return notReady({ reason: 'draining' })
      const backends = missingBackends(gateway, health, config()) ?? []
      if (backends.length > 0) return notReady({ reason: 'backends_missing', backends })
      return { ok: true, body: { status: 'ready', mode: 'static' } }
    },
    status: () => toStatus(status()),
    backendsHealth: () => toBackendsHealth(status()),
    metrics() {
      const { enablePrometheusMetricsPath, prometheusPort, metricsOnTransportPort } =
        config().telemetry
      const isElsewhere = prometheusPort !== undefined && !metricsOnTransportPort
      return enablePrometheusMetricsPath && !isElsewhere ? page() : undefined
    },
    allMetrics: page,
  }
}

/**
 * Backends that are not there, where `partialFailureMode: fail` asks for all of them; else undefined. Not there is what could
 * not be reached yet, and what was and died: a connection over HTTP does not tell, but probes and calls do.
 */
export function missingBackends(
  gateway: { readonly backends: ReadonlyMap<string, { readonly main?: object | undefined }> },
  health: Pick<HealthMonitor, 'of'>,
  config: Pick<VmcpConfig, 'operational'>,
): string[] | undefined {
  const { partialFailureMode, circuitBreaker } = config.operational.failureHandling
  if (partialFailureMode !== 'fail') return undefined
  return [...gateway.backends].flatMap(([name, { main }]) => {
    const { health: own, breaker } = health.of(name)
    const isCut = circuitBreaker.enabled && breaker.state !== 'closed'
    return main === undefined || own.status === 'unhealthy' || isCut ? name : []
  })
}

function notReady(why: object): { ok: boolean; body: object } {
  return { ok: false, body: { status: 'not_ready', ...why } }
}
