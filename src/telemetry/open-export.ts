import type { DeepReadonly } from '../base/deep-readonly.ts'
import type { TelemetryConfig } from './config.ts'
import type { Logger } from './logger.ts'
import type { MetricSnapshot } from './metrics.ts'
import type { Tracing } from './tracing.ts'

export interface ExportOptions {
  readonly config: DeepReadonly<TelemetryConfig>
  /** Where the configuration names no service. */
  readonly service: { readonly name: string; readonly version: string }
  readonly env: Readonly<Record<string, string | undefined>>
  readonly metrics: () => readonly MetricSnapshot[]
  readonly log: Logger
  /** Pause between two exports of metrics. */
  readonly metricsIntervalMs?: number
}

export interface TelemetryExport {
  /** Undefined: traces are off. */
  readonly tracing: Tracing | undefined
  /** Sends what is left, in bounded time. */
  close(): Promise<void>
}

/**
 * Starts sending traces and metrics by OTLP over HTTP, as far as the configuration asks for it. OpenTelemetry is loaded
 * only then. Throws TELEMETRY_CA_FILE.
 */
export async function openExport(options: ExportOptions): Promise<TelemetryExport> {
  const { endpoint, tracingEnabled, metricsEnabled } = options.config
  if (endpoint === undefined) {
    if (tracingEnabled || metricsEnabled) {
      options.log.warn({ field: 'telemetry.endpoint' }, 'No endpoint: traces and metrics stay here')
    }
    return { tracing: undefined, close: async () => {} }
  }
  const tracing = tracingEnabled
    ? (await import('./otlp/otlp-tracing.ts')).openOtlpTracing({ ...options, endpoint })
    : undefined
  const metrics = metricsEnabled
    ? (await import('./otlp/otlp-metrics.ts')).openOtlpMetrics({ ...options, endpoint })
    : undefined
  return {
    tracing,
    async close() {
      await Promise.all([tracing?.close(), metrics?.close()])
    },
  }
}
