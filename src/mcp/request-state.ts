import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import type { Now } from '../base/clock.ts'
import { isJsonObject } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json.ts'

/** Who a state is for: the same person, asking the same thing again. */
export interface StateBinding {
  /** `Principal.binding`. */
  readonly principal: string
  readonly method: string
  /** `paramsDigest` of the request. */
  readonly digest: string
}

/** `flight`: a call parked in this process. `relay`: the state of a backend that keeps none itself. */
export type StateKind = 'flight' | 'relay'

export interface OpenedState {
  readonly kind: StateKind
  readonly payload: JsonObject
}

/**
 * Makes and reads `requestState` of 2026-07-28 multi round-trip requests: AES-256-GCM, so that a client can neither read
 * nor change it. The nonce makes every one different.
 */
export interface RequestStateCodec {
  seal(kind: StateKind, binding: StateBinding, payload: JsonObject, ttlMs: number): string
  /** Undefined if it is broken, changed, expired, or was made for another person or request. */
  open(state: string, binding: StateBinding): OpenedState | undefined
}

const ALGORITHM = 'aes-256-gcm'
const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
const PREFIXES: Readonly<Record<StateKind, string>> = { flight: 'f', relay: 'r' }

/** `key` has 32 bytes; replicas that share it can relay each other's clients. */
export function createRequestStateCodec(key: Buffer, now: Now): RequestStateCodec {
  if (key.length !== KEY_BYTES) {
    throw new TypeError(`Cannot seal request states with a key of ${key.length} bytes, not 32`)
  }
  return {
    seal(kind, binding, payload, ttlMs) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES })
      cipher.setAAD(boundTo(kind, binding))
      const text = JSON.stringify({ until: now() + ttlMs, payload })
      const sealed = [nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]
      return PREFIXES[kind] + Buffer.concat(sealed).toString('base64url')
    },
    open(state, binding) {
      const kind = kindOf(state)
      if (kind === undefined) return undefined
      const bytes = Buffer.from(state.slice(1), 'base64url')
      // base64 decoding forgives; only the one spelling we made is ours.
      if (bytes.toString('base64url') !== state.slice(1)) return undefined
      if (bytes.length <= NONCE_BYTES + TAG_BYTES) return undefined
      const text = decrypt(key, bytes, boundTo(kind, binding))
      const value: unknown = text === undefined ? undefined : JSON.parse(text)
      if (!isJsonObject(value) || !isJsonObject(value['payload'])) return undefined
      return Number(value['until']) > now() ? { kind, payload: value['payload'] } : undefined
    },
  }
}

/**
 * What makes two requests the same one: the params without `_meta` and the members of the retry, whatever the order of
 * the keys.
 */
export function paramsDigest(params: JsonObject): string {
  const { _meta, inputResponses, requestState, ...asked } = params
  return createHash('sha256').update(canonical(asked)).digest('base64url')
}

function kindOf(state: string): StateKind | undefined {
  if (state.startsWith(PREFIXES.flight)) return 'flight'
  return state.startsWith(PREFIXES.relay) ? 'relay' : undefined
}

function boundTo(kind: StateKind, binding: StateBinding): Buffer {
  return Buffer.from(JSON.stringify([kind, binding.principal, binding.method, binding.digest]))
}

function decrypt(key: Buffer, bytes: Buffer, aad: Buffer): string | undefined {
  const nonce = bytes.subarray(0, NONCE_BYTES)
  const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(aad)
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  try {
    const text = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES))
    return Buffer.concat([text, decipher.final()]).toString('utf8')
  } catch {
    return undefined
  }
}

function canonical(value: Json | undefined): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (!isJsonObject(value)) return JSON.stringify(value ?? null)
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`)
  return `{${members.join(',')}}`
}
