import { defineErrors } from '../base/errors.ts'
import type { Ran } from '../mcp/errors.ts'

interface UnknownOutcome {
  readonly idempotencyKey: string
  readonly reason: string
  /** For how long an answer that comes after all can be fetched; 0: none will come. */
  readonly fetchableMs: number
}

export const gatewayErrors = defineErrors('GATEWAY', {
  TOO_MANY_CONNECTIONS: {
    fault: 'environment',
    status: 503,
    message: (d: { backend: string; limit: number }) =>
      `Cannot open another connection to backend "${d.backend}": all ${d.limit} are in use`,
    hint: () =>
      'End sessions that are not needed, raise operational.limits.maxProcesses for a command, or declare the backend `stateless: true` if it keeps nothing between calls',
  },
  TOO_MANY_SESSIONS: {
    fault: 'environment',
    status: 503,
    message: (d: { limit: number }) =>
      `Cannot open another session: all ${d.limit} have a call or a stream open`,
    hint: () => 'Try again later, or raise operational.sessions.maxSessions',
  },
  TOO_MANY_SUBSCRIPTIONS: {
    fault: 'caller',
    status: 429,
    message: (d: { limit: number }) =>
      `Cannot subscribe to another resource: the session follows ${d.limit}`,
    hint: () => 'Unsubscribe from what is not needed',
  },
  SESSION_TOO_LARGE: {
    fault: 'caller',
    status: 400,
    message: (d: { bytes: number; limit: number }) =>
      `Cannot keep ${d.bytes} bytes of what a client says of itself and follows for a session, at most ${d.limit}`,
  },
  // One backend's trouble is told in band: HTTP 503 would make intermediaries leave the whole gateway alone.
  BACKEND_AWAY: {
    fault: 'environment',
    status: 502,
    message: (d: { backend: string; reason: string }) =>
      `Backend "${d.backend}" is not available: ${d.reason}`,
    hint: (d: { backend: string; reason: string }) =>
      `See /status for its health; the gateway keeps trying to reach "${d.backend}"`,
  },
  BACKEND_BUSY: {
    fault: 'environment',
    status: 502,
    message: (d: { backend: string; waiting: number; ran: 'no' }) =>
      `Backend "${d.backend}" is busy: ${d.waiting} calls of runs wait for it already`,
    hint: () =>
      'Try again later, or raise operational.concurrency.perBackend if the backend can take more',
  },
  CLIENT_BUSY: {
    fault: 'caller',
    status: 429,
    message: (d: { backend: string; waiting: number; ran: 'no' }) =>
      `Cannot make another call to backend "${d.backend}": ${d.waiting} calls of this client wait for it already`,
    hint: () => 'Wait for answers first, or raise operational.concurrency.perClient',
  },
  RUN_GONE: {
    fault: 'caller',
    status: 404,
    message: (d: { run: string }) => `Run "${d.run}" is not kept here any more`,
    hint: () => 'Call the tool anew, without requestState',
  },
  INNER_CALL_FAILED: {
    fault: 'environment',
    status: 502,
    message: (d: { tool: string; code: number; reason: string; ran: Ran }) =>
      `Tool "${d.tool}" answered with error ${d.code}: ${d.reason}`,
  },
  BREAKER_OPEN: {
    fault: 'environment',
    status: 502,
    message: (d: { backend: string }) =>
      `Backend "${d.backend}" failed too often; its circuit breaker is open`,
    hint: () => 'Wait for operational.failureHandling.circuitBreaker.timeout, then try again',
  },
  PARTIAL_FAILURE: {
    fault: 'environment',
    status: 503,
    message: (d: { backends: string }) =>
      `Cannot answer for all backends: not available: ${d.backends}`,
    hint: () =>
      'Bring them back, or set operational.failureHandling.partialFailureMode to best_effort',
  },
  TOO_MANY_ROUNDS: {
    fault: 'environment',
    status: 502,
    message: (d: { backend: string; rounds: number }) =>
      `Backend "${d.backend}" asked for input ${d.rounds} times in one call`,
  },
  OUTCOME_UNKNOWN: {
    fault: 'environment',
    status: 504,
    message: (d: UnknownOutcome) => `Outcome unknown: ${d.reason}`,
    hint: (d: UnknownOutcome) =>
      d.fetchableMs > 0
        ? `Send the same call with _meta["toolhive.stacklok.dev/idempotencyKey"] = "${d.idempotencyKey}" within ${Math.round(d.fetchableMs / 60_000)} minutes: you get its result if one came, and it is not run again`
        : 'Look whether it took effect; to run it again, send it with another idempotency key or none',
  },
  LATE_RESULT_DROPPED: {
    fault: 'environment',
    status: 500,
    message: (d: { bytes: number; limit: number }) =>
      `The call was answered, but its result of ${d.bytes} bytes was not kept: at most ${d.limit} are`,
    hint: () => 'To run it again, send it with another idempotency key or none',
  },
  BAD_IDEMPOTENCY_KEY: {
    fault: 'caller',
    status: 400,
    message: (d: { limit: number }) =>
      `_meta["toolhive.stacklok.dev/idempotencyKey"] must be a string of 1 to ${d.limit} characters`,
  },
  IDEMPOTENCY_KEY_REUSED: {
    fault: 'caller',
    status: 422,
    message: (d: { key: string }) => `The idempotency key "${d.key}" belongs to another call`,
    hint: () => 'Use a new key for each call, and the same one only to send the same call again',
  },
  WAIT_CANCELLED: {
    fault: 'caller',
    status: 499,
    message: (d: { reason: string }) => `Stopped waiting for the answer of a call: ${d.reason}`,
  },
  LIST_FAILED: {
    fault: 'environment',
    status: 502,
    message: (d: { method: string; reason: string }) => `Cannot list with ${d.method}: ${d.reason}`,
  },
})
