import type { Counter, Histogram, Metrics } from '../telemetry/metrics.ts'

/** The metrics of calls, under the names users' dashboards know (vmcp 15). Series are looked up once and kept. */
export interface CallMetrics {
  /** A call of a client was answered. */
  answered(method: string, outcome: 'success' | 'error', seconds: number): void
  /** A call to a backend was answered. `tool` is empty for other methods. */
  backendAnswered(
    backend: string,
    action: string,
    tool: string,
    failed: boolean,
    seconds: number,
  ): void
  setBackends(count: number): void
  /** One more (+1) or one less (-1) call in work. */
  active(by: 1 | -1): void
}

interface BackendSeries {
  readonly requests: Counter
  readonly errors: Counter
  readonly seconds: Histogram
}

export function createCallMetrics(metrics: Metrics): CallMetrics {
  const requests = metrics.counter('toolhive_mcp_requests_total', 'Requests of clients')
  const seconds = metrics.histogram(
    'toolhive_mcp_request_duration_seconds',
    'Duration of requests of clients',
  )
  const toolCalls = metrics
    .counter('toolhive_mcp_tool_calls_total', 'tools/call requests of clients')
    .with()
  const active = metrics
    .gauge('toolhive_mcp_active_connections', 'Requests and streams of clients in work')
    .with()
  const discovered = metrics
    .gauge('toolhive_vmcp_backends_discovered', 'Configured or found backends')
    .with()
  const backendRequests = metrics.counter(
    'toolhive_vmcp_backend_requests_total',
    'Requests to backends',
  )
  const backendErrors = metrics.counter(
    'toolhive_vmcp_backend_errors_total',
    'Requests to backends that failed',
  )
  const backendSeconds = metrics.histogram(
    'toolhive_vmcp_backend_requests_duration_seconds',
    'Duration of requests to backends',
  )
  const byMethod = new Map<string, { requests: Counter; seconds: Histogram }>()
  const byBackend = new Map<string, BackendSeries>()

  function seriesOf(method: string, outcome: string) {
    const key = `${outcome} ${method}`
    let found = byMethod.get(key)
    if (found === undefined) {
      const labels = { mcp_method: method, status: outcome }
      byMethod.set(
        key,
        (found = {
          requests: requests.with(labels),
          seconds: seconds.with({ mcp_method: method }),
        }),
      )
    }
    return found
  }

  function backendSeriesOf(backend: string, action: string, tool: string): BackendSeries {
    const key = `${backend} ${action} ${tool}`
    let found = byBackend.get(key)
    if (found === undefined) {
      const labels = { target_workload: backend, action, tool }
      found = {
        requests: backendRequests.with(labels),
        errors: backendErrors.with(labels),
        seconds: backendSeconds.with(labels),
      }
      byBackend.set(key, found)
    }
    return found
  }

  return {
    answered(method, outcome, duration) {
      const series = seriesOf(method, outcome)
      series.requests.inc()
      series.seconds.observe(duration)
      if (method === 'tools/call') toolCalls.inc()
    },
    backendAnswered(backend, action, tool, failed, duration) {
      const series = backendSeriesOf(backend, action, tool)
      series.requests.inc()
      series.seconds.observe(duration)
      if (failed) series.errors.inc()
    },
    setBackends: (count) => discovered.set(count),
    active: (by) => active.add(by),
  }
}
