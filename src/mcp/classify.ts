import { isJsonObject } from '../base/json.ts'
import type { JsonObject } from '../base/json.ts'
import { claimsEnvelope, parseEnvelope } from './meta.ts'
import type { RequestId, RpcError, RpcNotification, RpcRequest, RpcResponse } from './messages.ts'
import { HEADER_MISMATCH, INVALID_PARAMS, INVALID_REQUEST } from './rpc-codes.ts'
import { LATEST_MODERN, VERSIONS, isKnownVersion } from './versions.ts'
import type { Era } from './versions.ts'

/**
 * What a client's message is. The body decides, the header only cross-checks. `refused` is answered with this error, on
 * HTTP with status 400.
 */
export type Classified =
  | { readonly kind: 'request'; readonly era: Era; readonly message: RpcRequest }
  | { readonly kind: 'notification'; readonly era: Era; readonly message: RpcNotification }
  | { readonly kind: 'response'; readonly message: RpcResponse }
  | { readonly kind: 'batch'; readonly messages: readonly unknown[] }
  | { readonly kind: 'refused'; readonly id: RequestId | null; readonly error: RpcError }

/**
 * Tells era and kind of a parsed message. `versionHeader` is `MCP-Protocol-Version`, undefined on stdio.
 * Elements of a batch are classified one by one, with `inBatch`.
 */
export function classify(message: unknown, versionHeader?: string, inBatch = false): Classified {
  if (Array.isArray(message) && !inBatch) return classifyBatch(message, versionHeader)
  if (!isJsonObject(message)) return refused(null, 'A message must be a JSON object')
  const id = message['id']
  const safeId = isRequestId(id) ? id : null
  if (message['jsonrpc'] !== '2.0') return refused(safeId, 'Member "jsonrpc" must be "2.0"')
  const method = message['method']
  if (method === undefined) return classifyResponse(message, versionHeader)
  if (typeof method !== 'string') return refused(safeId, 'Member "method" must be a string')
  const params = message['params']
  if (params === null) delete message['params']
  else if (params !== undefined && !isJsonObject(params)) {
    return refused(safeId, 'Member "params" must be an object')
  }
  const claims = claimsEnvelope(params)
  if (inBatch && claims) {
    return refused(safeId, 'A modern message cannot be part of a batch')
  }
  const era: Era = claims || isModernHeader(versionHeader) ? 'modern' : 'legacy'
  if (id === undefined) {
    return { kind: 'notification', era, message: message as unknown as RpcNotification }
  }
  if (safeId === null) {
    return refused(null, 'Member "id" must be a string or an integer within ±(2^53−1)')
  }
  if (era === 'modern' && !claims) return missingEnvelope(safeId, method, params)
  return { kind: 'request', era, message: message as unknown as RpcRequest }
}

/** Ids as MCP allows them: never null, integers exactly representable. */
export function isRequestId(id: unknown): id is RequestId {
  return typeof id === 'string' || Number.isSafeInteger(id)
}

const DATE = /^\d{4}-\d{2}-\d{2}$/

/** True for a modern version we speak and for dates after it: their senders do not mean `initialize`. */
function isModernHeader(header: string | undefined): boolean {
  if (header === undefined) return false
  if (isKnownVersion(header)) return VERSIONS[header].era === 'modern'
  return DATE.test(header) && header > LATEST_MODERN
}

function classifyBatch(messages: unknown[], versionHeader: string | undefined): Classified {
  if (messages.length === 0) return refused(null, 'A batch must not be empty')
  if (isModernHeader(versionHeader) || messages.some(carriesEnvelope)) {
    return refused(null, 'Batches exist in protocol version 2025-03-26 only')
  }
  return { kind: 'batch', messages }
}

function carriesEnvelope(message: unknown): boolean {
  return isJsonObject(message) && claimsEnvelope(message['params'])
}

function classifyResponse(message: JsonObject, versionHeader: string | undefined): Classified {
  const hasResult = isJsonObject(message['result'])
  const hasError = isRpcError(message['error'])
  const id = message['id']
  const answersSomething = isRequestId(id) || (hasError && (id === null || id === undefined))
  if (!answersSomething || hasResult === hasError) {
    return refused(
      isRequestId(id) ? id : null,
      'The message is no request, notification or response',
    )
  }
  if (isModernHeader(versionHeader)) {
    return refused(
      isRequestId(id) ? id : null,
      'Clients send no responses in this protocol version',
    )
  }
  return { kind: 'response', message: message as unknown as RpcResponse }
}

function isRpcError(value: unknown): boolean {
  return (
    isJsonObject(value) && Number.isInteger(value['code']) && typeof value['message'] === 'string'
  )
}

function missingEnvelope(id: RequestId, method: string, params: unknown): Classified {
  if (method === 'initialize') {
    const message =
      'initialize does not exist in the protocol version of the MCP-Protocol-Version header'
    return { kind: 'refused', id, error: { code: HEADER_MISMATCH, message } }
  }
  const outcome = parseEnvelope(params)
  const problems = outcome.kind === 'invalid' ? outcome.problems.join('; ') : 'none'
  const message = `Invalid request metadata: ${problems}`
  return { kind: 'refused', id, error: { code: INVALID_PARAMS, message } }
}

function refused(id: RequestId | null, message: string): Classified {
  return { kind: 'refused', id, error: { code: INVALID_REQUEST, message } }
}
