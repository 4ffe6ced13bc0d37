import type { JsonObject } from '../base/json.ts'
import type { RpcError } from '../mcp/messages.ts'
import { GATEWAY_FAILURE, METHOD_NOT_FOUND } from '../mcp/rpc-codes.ts'

/** 2026-07-28 "Error codes": reserved for the protocol, which gives them meaning on one hop. */
const FIRST_RESERVED = -32099
const LAST_RESERVED = -32020
/** With us, policy refuses (as HTTP status too). */
const FORBIDDEN = 403

/**
 * What a backend answered with an error, for a modern client. To it some codes speak of its own request, as their HTTP
 * status does: the gateway does not have the method, the client lacks a capability. A backend that uses one means
 * something else. The same object if its code can pass.
 */
export function errorForModern(backend: string, error: RpcError): RpcError {
  if (canPass(error.code)) return error
  const { code, message, data } = error
  const backendError: JsonObject = data === undefined ? { code } : { code, data }
  return {
    code: GATEWAY_FAILURE,
    message: `Backend "${backend}" answered with error ${code}: ${message}`,
    data: { code: 'GATEWAY_BACKEND_ERROR', backendError },
  }
}

function canPass(code: number): boolean {
  if (code === METHOD_NOT_FOUND || code === FORBIDDEN) return false
  return code < FIRST_RESERVED || code > LAST_RESERVED
}
