import { defineErrors } from '../base/errors.ts'
import type { Json } from '../base/json.ts'

/** Whether a request may have been executed by the backend before it failed. */
export type Ran = 'no' | 'unknown'

interface BackendFailure {
  backend: string
  reason: string
  ran: Ran
}

interface Unanswerable {
  method: string
  reason: string
  requiredCapabilities: Record<string, Json>
  /** Where another client would not help. */
  hint?: string
}

export const mcpErrors = defineErrors('MCP', {
  BACKEND_UNREACHABLE: {
    fault: 'environment',
    status: 502,
    message: (d: BackendFailure) => `Cannot reach backend "${d.backend}": ${d.reason}`,
    hint: () => 'Check that the backend runs and that its url or command is right',
  },
  BACKEND_SESSION_LOST: {
    fault: 'environment',
    status: 502,
    message: (d: BackendFailure) =>
      `Backend "${d.backend}" does not know its session any more: ${d.reason}`,
  },
  BACKEND_TIMEOUT: {
    fault: 'environment',
    status: 504,
    message: (d: BackendFailure & { timeoutMs: number }) =>
      `Backend "${d.backend}" did not answer within ${d.timeoutMs} ms: ${d.reason}`,
    hint: () =>
      'Raise operational.timeouts.default or operational.timeouts.perWorkload for this backend',
  },
  BACKEND_GONE: {
    fault: 'environment',
    status: 502,
    message: (d: BackendFailure) =>
      `Backend "${d.backend}" went away before it answered: ${d.reason}`,
  },
  BACKEND_PROTOCOL: {
    fault: 'environment',
    status: 502,
    message: (d: BackendFailure & { rpcError?: { code: number; data?: Json } }) =>
      `Backend "${d.backend}" broke the protocol: ${d.reason}`,
  },
  BACKEND_HTTP: {
    fault: 'environment',
    status: 502,
    message: (d: BackendFailure & { httpStatus: number }) =>
      `Backend "${d.backend}" answered HTTP ${d.httpStatus}: ${d.reason}`,
    // It speaks of the gateway's credentials; the client's never go there.
    hint: (d: BackendFailure & { httpStatus: number }) =>
      d.httpStatus === 401 || d.httpStatus === 403
        ? `The backend refuses the gateway, not you. Whoever runs the gateway can give it ${d.httpStatus === 401 ? 'credentials' : 'credentials that may do this'}: headers of backend "${d.backend}", or outgoingAuth.backends.${d.backend} (header_injection)`
        : undefined,
  },
  CALL_CANCELLED: {
    fault: 'caller',
    status: 499,
    message: (d: { reason: string; ran: Ran }) => `Call cancelled: ${d.reason}`,
    hint: () => 'Send the call again if its result is still wanted',
  },
  SHUTTING_DOWN: {
    fault: 'environment',
    status: 503,
    message: (_: { ran: 'no'; retryAfterMs: number }) =>
      'The server is shutting down: the call was not begun',
    hint: () => 'Send it again: another replica, or this server when it is back, runs it',
  },
  CLIENT_CANNOT_ANSWER: {
    fault: 'caller',
    status: 400,
    message: (d: Unanswerable) => `Cannot ask the client for "${d.method}": ${d.reason}`,
    hint: (d: Unanswerable) => d.hint ?? 'Use a client that declares the capability',
  },
  QUESTION_EXPIRED: {
    fault: 'caller',
    status: 408,
    message: (d: { method: string; waitedMs: number }) =>
      `The client did not answer "${d.method}" within ${d.waitedMs} ms`,
    hint: () => 'Answer sooner, or send the call again',
  },
  /** Of a legacy client's stream; or of a modern client's parked call. */
  CALL_LOST: {
    fault: 'environment',
    status: 502,
    message: (d: { replica: string; ran: Ran }) =>
      `Outcome unknown: the call was lost with replica ${d.replica}`,
    hint: () =>
      'Look whether it took effect; to run it again, send it without requestState, or with another idempotency key or none. A composite tool may go on elsewhere: `thv workflow list` shows its run',
  },
  TOO_MANY_LISTENS: {
    fault: 'environment',
    status: 503,
    message: (d: { limit: number }) =>
      `Cannot subscribe: ${d.limit} subscriptions are open already`,
    hint: () =>
      'Close subscriptions that are not needed, put their filters into one, or raise operational.limits.maxSubscriptions and maxSubscriptionsPerClient',
  },
  TOO_MANY_PARKED: {
    fault: 'environment',
    status: 503,
    message: (d: { method: string; limit: number }) =>
      `Cannot ask for "${d.method}": ${d.limit} calls wait for answers already`,
    hint: () =>
      'Answer or cancel the open questions first, or raise operational.limits.maxParkedCalls and maxParkedPerClient',
  },
  HOST_NOT_ALLOWED: {
    fault: 'caller',
    status: 403,
    message: (d: { host: string }) => `Host ${JSON.stringify(d.host)} is not allowed`,
    hint: () =>
      'If clients or a proxy call the gateway by that name, add it to server.allowedHosts',
  },
  ORIGIN_NOT_ALLOWED: {
    fault: 'caller',
    status: 403,
    message: (d: { origin: string }) => `Origin ${JSON.stringify(d.origin)} is not allowed`,
    hint: () => 'If pages from there may call, add it to server.allowedOrigins',
  },
  CLIENT_ERROR: {
    fault: 'caller',
    status: 400,
    message: (d: { method: string; error: { code: number; message: string; data?: Json } }) =>
      `The client answered "${d.method}" with an error: ${d.error.message}`,
    hint: () => 'See the log of the client',
  },
})
