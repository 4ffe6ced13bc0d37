import { isJsonObject } from '../../../base/json.ts'
import { mcpErrors } from '../../errors.ts'
import type { Json } from '../../../base/json.ts'
import type { RpcError } from '../../messages.ts'
import { HEADER_MISMATCH, MISSING_CLIENT_CAPABILITY, UNSUPPORTED_VERSION } from '../../rpc-codes.ts'
import type { PendingCall } from '../pending-call.ts'

/**
 * Rejects the call if the error speaks of our hop (2026-07-28 "Error codes", -3202x), which must not reach the client as
 * it is. Returns false for all other errors: they are the backend's answer.
 */
export function rejectHopError(backend: string, call: PendingCall, error: RpcError): boolean {
  if (error.code === MISSING_CLIENT_CAPABILITY) {
    call.reject(
      mcpErrors.CLIENT_CANNOT_ANSWER({
        method: call.request.method,
        reason: error.message,
        requiredCapabilities: requiredCapabilities(error),
      }),
    )
    return true
  }
  if (error.code === HEADER_MISMATCH || error.code === UNSUPPORTED_VERSION) {
    const reason = `${error.code} ${error.message}`
    call.reject(mcpErrors.BACKEND_PROTOCOL({ backend, reason, ran: 'no', rpcError: error }))
    return true
  }
  return false
}

function requiredCapabilities(error: RpcError): Record<string, Json> {
  const required = isJsonObject(error.data) ? error.data['requiredCapabilities'] : undefined
  return isJsonObject(required) ? (required as Record<string, Json>) : {}
}
