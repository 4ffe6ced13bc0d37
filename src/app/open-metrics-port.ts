import type { VmcpConfig } from './config/vmcp-config.ts'
import { createOpsGuard } from './http/ops-guard.ts'
import { appErrors } from './errors.ts'
import { createOpsRoutes, type OpsSources } from './http/ops-routes.ts'
import { serveHttp } from './serve-http.ts'

/**
 * `telemetry.prometheusPort`: a port for operators alone, with `/metrics` and the endpoints beside it. Undefined: none is
 * configured. Rejects if it cannot listen.
 */
export async function openMetricsPort(
  { telemetry, server }: Pick<VmcpConfig, 'telemetry' | 'server'>,
  host: string,
  ops: OpsSources,
): Promise<{ origin: string; close(): Promise<void> } | undefined> {
  const { enablePrometheusMetricsPath, prometheusPort } = telemetry
  if (!enablePrometheusMetricsPath || prometheusPort === undefined) return undefined
  const handlers = [
    createOpsRoutes({ ...ops, metrics: ops.allMetrics }, createOpsGuard(host, server)),
  ]
  const port = prometheusPort
  const listener = await serveHttp({ host, port, handlers }).catch((error: Error) => {
    // Without the cause: it would be taken for the port of the clients.
    throw appErrors.METRICS_PORT({ host, port, reason: error.message })
  })
  return { origin: listener.origin, close: () => listener.close(1_000) }
}
