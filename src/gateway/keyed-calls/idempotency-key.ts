import { isJsonObject } from '../../base/json.ts'
import type { Call } from '../../mcp/call.ts'
import { paramsDigest } from '../../mcp/request-state.ts'
import { gatewayErrors } from '../errors.ts'
import type { KeyedRecord } from './keyed-record.ts'

/** Where a client of any era and transport names its call, in `_meta` of the request. Ours: the protocol has no such key. */
export const META_IDEMPOTENCY_KEY = 'toolhive.stacklok.dev/idempotencyKey'

const MAX_KEY_LENGTH = 200

/** Undefined for a call without one; most have none. Throws GATEWAY_BAD_IDEMPOTENCY_KEY. */
export function keyOf(call: Call): string | undefined {
  const meta = call.params['_meta']
  if (meta === undefined || call.method !== 'tools/call' || !isJsonObject(meta)) return undefined
  const key = meta[META_IDEMPOTENCY_KEY]
  if (key === undefined) return undefined
  if (typeof key === 'string' && key !== '' && key.length <= MAX_KEY_LENGTH) return key
  throw gatewayErrors.BAD_IDEMPOTENCY_KEY({ limit: MAX_KEY_LENGTH })
}

/** A key belongs to one call. Throws GATEWAY_IDEMPOTENCY_KEY_REUSED. */
export function checkDigest({ digest }: KeyedRecord, call: Call, key: string): void {
  if (digest === paramsDigest(call.params)) return
  throw gatewayErrors.IDEMPOTENCY_KEY_REUSED({ key })
}
