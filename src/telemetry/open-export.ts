import type { ExportOptions } from './export-options.ts'
import type { Tracing } from './tracing.ts'

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
