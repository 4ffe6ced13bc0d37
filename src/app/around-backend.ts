import { isAppError } from '../base/errors.ts'
import { isJsonObject } from '../base/json.ts'
import type { GatewayOptions } from '../gateway/create-gateway.ts'
import { gatewayErrors } from '../gateway/errors.ts'
import type { Evidence, HealthMonitor } from '../gateway/health-monitor.ts'
import type { Outcome } from '../gateway/backend-health.ts'
import type { Call } from '../mcp/call.ts'
import type { CallMetrics } from './call-metrics.ts'

export interface AroundBackendOptions {
  readonly health: HealthMonitor
  readonly metrics: CallMetrics
  /** Names of client headers that go on to backends, lower case; asked each time, as a reload may change them. */
  readonly passthroughHeaders: () => readonly string[]
}

/** What every call to a backend goes through: breaker, headers of the client, health and metrics. */
export function createAroundBackend(
  options: AroundBackendOptions,
): GatewayOptions['aroundBackend'] {
  const { health, metrics } = options
  return async (backend, call, request, go) => {
    if (!health.admit(backend.name)) throw gatewayErrors.BREAKER_OPEN({ backend: backend.name })
    const startMs = performance.now()
    let outcome: Outcome | undefined = SUCCESS
    let of: Evidence = 'call'
    try {
      const headers = pickHeaders(call, options.passthroughHeaders())
      return await go(headers === undefined ? request : { ...request, headers })
    } catch (error) {
      outcome = outcomeOf(error)
      if (isAppError(error) && NEVER_REACHED.has(error.code)) of = 'contact'
      throw error
    } finally {
      if (outcome !== undefined) health.record(backend.name, outcome, of)
      const seconds = (performance.now() - startMs) / 1000
      metrics.backendAnswered(
        backend.name,
        request.method,
        request.tool ?? '',
        outcome !== SUCCESS,
        seconds,
      )
    }
  }
}

const SUCCESS: Outcome = { kind: 'success' }
/** The backend did not have the call: what refutes that is to reach it. */
const NEVER_REACHED: ReadonlySet<string> = new Set([
  'GATEWAY_BACKEND_AWAY',
  'MCP_BACKEND_UNREACHABLE',
])
const AWAY: Outcome = { kind: 'failure', category: 'connection' }

/** Failures that say something about the backend; the caller's own doing (cancelled, cannot answer) does not. */
const CATEGORIES: Readonly<Record<string, string>> = {
  MCP_BACKEND_UNREACHABLE: 'connection',
  MCP_BACKEND_GONE: 'connection',
  MCP_BACKEND_SESSION_LOST: 'session',
  MCP_BACKEND_TIMEOUT: 'timeout',
  MCP_BACKEND_PROTOCOL: 'protocol',
}

/** What a failed call says about its backend; undefined: nothing. */
export function outcomeOf(error: unknown): Outcome | undefined {
  if (!isAppError(error)) return undefined
  if (error.code === 'GATEWAY_BACKEND_AWAY') return outcomeOf(error.cause) ?? AWAY
  if (error.code === 'MCP_BACKEND_HTTP') {
    const status = error.details['httpStatus']
    // Static credentials, the only ones there are, are with every request: they were refused, or are missing.
    if (status === 401 || status === 403) return { kind: 'unauthenticated', hasCredentials: false }
    return typeof status === 'number' && status >= 500
      ? { kind: 'failure', category: 'http' }
      : undefined
  }
  const category = CATEGORIES[error.code]
  return category === undefined ? undefined : { kind: 'failure', category }
}

function pickHeaders(call: Call, names: readonly string[]): Record<string, string> | undefined {
  if (call.headers === undefined) return undefined
  let picked = traceHeaders(call)
  for (const name of names) {
    const value = call.headers[name]
    if (value !== undefined) (picked ??= {})[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return picked
}

/** The trace of the client as it came; where the message itself names one, that counts (2026-07-28, `_meta`). */
function traceHeaders({ headers, params }: Call): Record<string, string> | undefined {
  const traceparent = headers?.['traceparent']
  if (typeof traceparent !== 'string') return undefined
  const meta = params['_meta']
  if (isJsonObject(meta) && meta['traceparent'] !== undefined) return undefined
  const tracestate = headers?.['tracestate']
  return typeof tracestate === 'string' ? { traceparent, tracestate } : { traceparent }
}
