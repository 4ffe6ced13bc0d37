import type { JsonObject } from '../../base/json.ts'
import type { BackendRequest } from '../backend-connection.ts'
import { withEnvelope, withMetaKey } from '../meta.ts'
import type { Envelope } from '../meta.ts'
import type { Implementation } from '../messages.ts'
import { LATEST_MODERN } from '../versions.ts'

/** A request to a legacy backend as text. The id is also the progress token. */
export function legacyBody(id: number, request: BackendRequest): string {
  const params = request.wantsProgress
    ? withMetaKey(request.params, 'progressToken', id)
    : request.params
  return JSON.stringify({ jsonrpc: '2.0', id, method: request.method, params })
}

/** A request to a modern backend as text: with its envelope, and with the answers of a retry (2026-07-28 MRTR). */
export function modernBody(id: number, request: BackendRequest, self: Implementation): string {
  const { retry } = request
  const envelope: Envelope = {
    version: LATEST_MODERN,
    capabilities: request.capabilities,
    clientInfo: request.clientInfo ?? self,
    ...(request.logLevel === undefined ? {} : { logLevel: request.logLevel }),
  }
  const params: JsonObject = withEnvelope(
    request.params,
    envelope,
    request.wantsProgress ? id : undefined,
  )
  if (retry?.answers !== undefined) params['inputResponses'] = retry.answers
  if (retry?.state !== undefined) params['requestState'] = retry.state
  return JSON.stringify({ jsonrpc: '2.0', id, method: request.method, params })
}

/** A notification as text. */
export function notificationBody(method: string, params?: JsonObject): string {
  return JSON.stringify({ jsonrpc: '2.0', method, params })
}
