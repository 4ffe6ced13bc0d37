import { isAppError } from '../../base/errors.ts'
import type { AppError } from '../../base/errors.ts'
import { isJsonObject } from '../../base/json.ts'
import type { JsonObject } from '../../base/json.ts'
import { withoutStore, type Shown } from '../../storage/store-away.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { mcpErrors } from '../errors.ts'
import type { RpcError } from '../messages.ts'
import {
  GATEWAY_FAILURE,
  GATEWAY_OVERLOADED,
  GATEWAY_TIMEOUT,
  INTERNAL_ERROR,
  INVALID_PARAMS,
  METHOD_NOT_FOUND,
  MISSING_CLIENT_CAPABILITY,
  RATE_LIMITED,
} from '../rpc-codes.ts'
import type { Era } from '../versions.ts'

/** A failure as a client sees it; `status` is for HTTP answers that are still to be begun. */
export interface Failure {
  readonly error: RpcError
  readonly status: number
  /** For HTTP: `Retry-After`, where the failure says when it makes sense to try again. */
  readonly headers?: readonly string[]
}

/**
 * Renders what a gateway threw. An AppError shows message, code and hint; anything else is a bug: its stack goes to the
 * log, an id to the client.
 */
export function toFailure(
  thrown: unknown,
  era: Era,
  edge: { log: Logger; newId: () => string },
): Failure {
  if (!isAppError(thrown) || thrown.fault === 'bug') {
    const errorId = edge.newId()
    edge.log.error({ err: thrown, errorId }, 'A call failed because of a bug')
    const message = `Internal error ${errorId}`
    return {
      error: { code: INTERNAL_ERROR, message, data: { code: 'INTERNAL', errorId } },
      status: 200,
    }
  }
  const data: JsonObject = { code: thrown.code }
  const { message, hint } = shownOf(thrown, edge.log)
  if (hint !== undefined) data['hint'] = hint
  if (thrown.code === 'MCP_CLIENT_CANNOT_ANSWER') {
    const required = thrown.details['requiredCapabilities']
    data['requiredCapabilities'] = isJsonObject(required) ? required : {}
    return era === 'modern'
      ? { error: { code: MISSING_CLIENT_CAPABILITY, message, data }, status: 400 }
      : { error: { code: INTERNAL_ERROR, message, data }, status: 200 }
  }
  const status = STATUSES.has(thrown.status) ? thrown.status : 200
  const error: RpcError = { code: codeOf(thrown), message, data }
  const retryAfterMs = thrown.details['retryAfterMs']
  // With it the answer may still be had.
  const { idempotencyKey, run } = thrown.details
  if (typeof idempotencyKey === 'string') data['idempotencyKey'] = idempotencyKey
  if (typeof run === 'string') data['run'] = run
  if (typeof retryAfterMs !== 'number') return { error, status }
  const seconds = Math.ceil(retryAfterMs / 1000)
  const headers = ['Retry-After', String(seconds)]
  if (thrown.status !== 429)
    return { error: { ...error, data: { ...data, retryAfterMs } }, status, headers }
  const limited = {
    code: RATE_LIMITED,
    message,
    data: { retryAfterSeconds: seconds },
  }
  return { error: limited, status, headers }
}

/** For a call that comes when none may begin any more: it did not run. */
export function shuttingDown(): AppError {
  return mcpErrors.SHUTTING_DOWN({ ran: 'no', retryAfterMs: 1_000 })
}

function shownOf(error: AppError, log: Logger): Shown {
  const shown = withoutStore(error)
  if (shown !== error) log.debug({ err: error }, 'A call failed because of the store')
  return shown
}

/** How a legacy client hears of a limit: as the result of its tool (vmcp 12.1), which models get to read. */
export function limitAsToolResult({ code, message, data = {} }: RpcError): JsonObject {
  return {
    content: [{ type: 'text', text: message }],
    structuredContent: { code, message, data },
    isError: true,
  }
}

/**
 * The HTTP status of a modern answer that is an error of ours; 200 is "in band". A backend's error comes without the codes
 * that have a status (`errorForModern` of the gateway).
 */
export function modernStatus(error: RpcError): number {
  if (error.code === METHOD_NOT_FOUND) return 404
  if (error.code === MISSING_CLIENT_CAPABILITY) return 400
  return error.code === FORBIDDEN ? FORBIDDEN : 200
}

/** The JSON-RPC code and HTTP status of a call that policy refuses. */
const FORBIDDEN = 403
/** Statuses that intermediaries and clients act upon; everything else stays in band. */
const STATUSES = new Set([FORBIDDEN, 429, 503])

function codeOf(error: AppError): number {
  if (error.status === FORBIDDEN) return FORBIDDEN
  if (error.status === 429 || error.status === 503) return GATEWAY_OVERLOADED
  if (error.status === 408 || error.status === 504) return GATEWAY_TIMEOUT
  const isBadInput = error.fault === 'caller' && [400, 404, 422].includes(error.status)
  return isBadInput && !error.code.startsWith('MCP_') ? INVALID_PARAMS : GATEWAY_FAILURE
}
