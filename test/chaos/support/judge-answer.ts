import type { Answer } from './wire.ts'

/**
 * What a good client makes of the answer to one attempt. `done`: a result. `unknown`: it is said that nobody knows whether it
 * ran. `again`: it did not run, or was not answered, for a reason that passes; the same call may be sent again. `dead`: the
 * session is gone. `refused`: an error that says no.
 */
export type Judgement =
  | { readonly kind: 'done'; readonly text: string; readonly lostState: boolean }
  | { readonly kind: 'unknown'; readonly reason: string; readonly fetchable: boolean }
  | { readonly kind: 'again'; readonly reason: string; readonly afterMs: number | undefined }
  | { readonly kind: 'dead'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string }

/** Codes of the gateway for calls that were on their way when something broke. */
const UNKNOWN = new Set([
  'GATEWAY_OUTCOME_UNKNOWN',
  'MCP_FLIGHT_LOST',
  'MCP_BACKEND_GONE',
  'MCP_BACKEND_TIMEOUT',
  'MCP_CALL_CANCELLED',
  'CLUSTER_LINK',
])
/** Codes of the gateway for calls that did not reach anything. */
const AWAY = new Set([
  'GATEWAY_BACKEND_AWAY',
  'GATEWAY_BREAKER_OPEN',
  'GATEWAY_CLIENT_BUSY',
  'GATEWAY_PARTIAL_FAILURE',
  'MCP_BACKEND_UNREACHABLE',
  'MCP_BACKEND_SESSION_LOST',
])
const PASSING = new Set([429, 502, 503, 504])

/** `hasSession`: the client has one that a 404 can be about. */
export function judgeAnswer(
  { status, retryAfterMs, message }: Answer,
  hasSession: boolean,
): Judgement {
  if (status === 404 && hasSession)
    return { kind: 'dead', reason: reasonOf(status, message?.error) }
  const result = message?.result
  if (result !== undefined) {
    const [first] = (result['content'] ?? []) as { text?: string }[]
    const meta = (result['_meta'] ?? {}) as Record<string, unknown>
    const lostState = 'toolhive.stacklok.dev/stateLost' in meta
    if (result['isError'] !== true) return { kind: 'done', text: first?.text ?? '', lostState }
    return { kind: 'refused', reason: `tool: ${first?.text ?? ''}` }
  }
  const error = message?.error
  const { code = '', hint = '', ran } = dataOf(error?.data)
  const reason = reasonOf(status, error)
  if (ran === 'unknown' || (ran !== 'no' && UNKNOWN.has(code))) {
    return { kind: 'unknown', reason, fetchable: hint.startsWith('Send the same call') }
  }
  if (PASSING.has(status) || AWAY.has(code) || ran === 'no') {
    return { kind: 'again', reason, afterMs: retryAfterMs }
  }
  return { kind: 'refused', reason }
}

function dataOf(data: unknown): { code?: string; hint?: string; ran?: string } {
  return typeof data === 'object' && data !== null ? data : {}
}

function reasonOf(status: number, error: { code: number; message: string } | undefined): string {
  return error === undefined ? `HTTP ${status}` : `HTTP ${status}: ${error.code} ${error.message}`
}
