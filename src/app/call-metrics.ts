import type { Counter, Histogram, Metrics } from '../telemetry/metrics.ts'

export type CallStatus = 'success' | 'error'

/** A call of a client that was answered. */
export interface AnsweredCall {
  readonly method: string
  readonly transport: string
  readonly status: CallStatus
  /** The answer of a tool may be an error although the call succeeded. */
  readonly toolStatus: CallStatus
  /** As clients see it; empty for other methods, and for names no backend has. */
  readonly tool: string
  readonly seconds: number
}

/** The metrics of calls, under the names users' dashboards know (vmcp 15). Series are looked up once and kept. */
export interface CallMetrics {
  answered(call: AnsweredCall): void
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

interface MethodSeries {
  readonly requests: Counter
  readonly seconds: Histogram
  readonly operation: Histogram
}

interface BackendSeries {
  readonly requests: Counter
  readonly errors: Counter
  readonly seconds: Histogram
  readonly operation: Histogram
}

/** Seconds; what OpenTelemetry's conventions for MCP propose. */
const OPERATION_BOUNDS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300]

/** Clients invent methods; only these become labels. */
const METHODS = new Set([
  'tools/list',
  'tools/call',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'prompts/list',
  'prompts/get',
  'completion/complete',
  'tasks/get',
  'tasks/list',
  'tasks/result',
  'tasks/update',
  'tasks/cancel',
])

/** `server` is the name of the gateway. */
export function createCallMetrics(metrics: Metrics, server = 'toolhive'): CallMetrics {
  const requests = metrics.counter('toolhive_mcp_requests_total', 'Requests of clients')
  const seconds = metrics.histogram(
    'toolhive_mcp_request_duration_seconds',
    'Duration of requests of clients',
  )
  const operations = metrics.histogram(
    'mcp.server.operation.duration_seconds',
    'Duration of requests of clients, by the conventions of OpenTelemetry',
    OPERATION_BOUNDS,
  )
  const toolCalls = metrics.counter('toolhive_mcp_tool_calls_total', 'Calls of tools')
  const active = metrics
    .gauge('toolhive_mcp_active_connections', 'Requests of clients in work')
    .with({ server })
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
  const backendOperations = metrics.histogram(
    'mcp.client.operation.duration_seconds',
    'Duration of requests to backends, by the conventions of OpenTelemetry',
    OPERATION_BOUNDS,
  )
  const byMethod = new Map<string, MethodSeries>()
  const byTool = new Map<string, Counter>()
  const byBackend = new Map<string, BackendSeries>()

  function methodSeries(method: string, transport: string, status: string): MethodSeries {
    const key = `${status} ${transport} ${method}`
    let found = byMethod.get(key)
    if (found === undefined) {
      const labels = { server, transport, mcp_method: method, status }
      found = {
        requests: requests.with(labels),
        seconds: seconds.with(labels),
        operation: operations.with({
          'mcp.method.name': method,
          ...(status === 'error' ? { 'error.type': 'error' } : {}),
        }),
      }
      byMethod.set(key, found)
    }
    return found
  }

  function toolSeries(tool: string, status: string): Counter {
    const key = `${status} ${tool}`
    let found = byTool.get(key)
    if (found === undefined) byTool.set(key, (found = toolCalls.with({ server, tool, status })))
    return found
  }

  function backendSeries(backend: string, action: string, tool: string): BackendSeries {
    const key = `${backend} ${action} ${tool}`
    let found = byBackend.get(key)
    if (found === undefined) {
      const labels = { target_workload: backend, action, tool }
      found = {
        requests: backendRequests.with(labels),
        errors: backendErrors.with(labels),
        seconds: backendSeconds.with(labels),
        operation: backendOperations.with({
          'mcp.method.name': action,
          'mcp.server.name': backend,
        }),
      }
      byBackend.set(key, found)
    }
    return found
  }

  return {
    answered(call) {
      const method = METHODS.has(call.method) ? call.method : 'other'
      const series = methodSeries(method, call.transport, call.status)
      series.requests.inc()
      series.seconds.observe(call.seconds)
      series.operation.observe(call.seconds)
      if (method === 'tools/call') toolSeries(call.tool, call.toolStatus).inc()
    },
    backendAnswered(backend, action, tool, failed, duration) {
      const series = backendSeries(backend, action, tool)
      series.requests.inc()
      series.seconds.observe(duration)
      series.operation.observe(duration)
      if (failed) series.errors.inc()
    },
    setBackends: (count) => discovered.set(count),
    active: (by) => active.add(by),
  }
}
