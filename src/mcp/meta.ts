import { isJsonObject } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json.ts'
import { LOG_LEVELS } from './messages.ts'
import type { Implementation, LogLevel } from './messages.ts'

/** Reserved keys of `_meta` in 2026-07-28. All but `progressToken` describe one hop and never cross the gateway. */
export const META_VERSION = 'io.modelcontextprotocol/protocolVersion'
export const META_CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities'
export const META_CLIENT_INFO = 'io.modelcontextprotocol/clientInfo'
export const META_LOG_LEVEL = 'io.modelcontextprotocol/logLevel'
export const META_SERVER_INFO = 'io.modelcontextprotocol/serverInfo'
export const META_SUBSCRIPTION_ID = 'io.modelcontextprotocol/subscriptionId'
/** 2025-11-25 tasks: the task that a message belongs to. */
export const META_RELATED_TASK = 'io.modelcontextprotocol/related-task'

const RESERVED_PREFIX = 'io.modelcontextprotocol/'
/** Reserved names that belong to the message itself, not to a hop. */
const END_TO_END = new Set([META_RELATED_TASK, 'io.modelcontextprotocol/model-immediate-response'])

/** True for a `_meta` key that describes one hop: it is stripped when a message crosses the gateway in either direction. */
export function isHopMetaKey(key: string): boolean {
  return key.startsWith(RESERVED_PREFIX) && !END_TO_END.has(key)
}

/**
 * Params as they go through the gateway: `_meta` without hop keys and `progressToken`, and without `_meta` if nothing is
 * left of it. Vendor keys and trace context stay. Returns the same object if there is nothing to strip.
 */
export function cleanRequestMeta(params: JsonObject): JsonObject {
  return withMeta(params, stripped(params['_meta'], isRequestHopKey))
}

/** A result (or notification params) as it goes through the gateway: `_meta` without hop keys. */
export function cleanResultMeta(result: JsonObject): JsonObject {
  return withMeta(result, stripped(result['_meta'], isHopMetaKey))
}

/** What a request says of its sender, 2026-07-28 "Request metadata". */
export interface Envelope {
  readonly version: string
  readonly capabilities: JsonObject
  readonly clientInfo?: Implementation
  readonly logLevel?: LogLevel
}

/** `problems` name each missing or ill-typed key: answer -32602, on HTTP with status 400. */
export type EnvelopeOutcome =
  | { readonly kind: 'envelope'; readonly envelope: Envelope }
  | { readonly kind: 'invalid'; readonly problems: readonly string[] }

/** True if the params claim a modern version, well-formed or not: the sender is not a legacy client. */
export function claimsEnvelope(params: unknown): boolean {
  const meta = isJsonObject(params) ? params['_meta'] : undefined
  return isJsonObject(meta) && meta[META_VERSION] !== undefined
}

/** Reads and checks the envelope of a modern request. */
export function parseEnvelope(params: unknown): EnvelopeOutcome {
  const found = isJsonObject(params) ? params['_meta'] : undefined
  const meta = isJsonObject(found) ? found : {}
  const version = meta[META_VERSION]
  const capabilities = meta[META_CAPABILITIES]
  const info = meta[META_CLIENT_INFO]
  const level = meta[META_LOG_LEVEL]
  if (
    typeof version !== 'string' ||
    !isJsonObject(capabilities) ||
    (info !== undefined && !isImplementation(info)) ||
    (level !== undefined && !isLogLevel(level))
  ) {
    return { kind: 'invalid', problems: envelopeProblems(meta) }
  }
  const envelope: { -readonly [Key in keyof Envelope]: Envelope[Key] } = { version, capabilities }
  if (info !== undefined) envelope.clientInfo = info
  if (level !== undefined) envelope.logLevel = level
  return { kind: 'envelope', envelope }
}

/** Cleaned params with our own envelope for the next hop: a modern backend. */
export function withEnvelope(
  params: JsonObject | undefined,
  envelope: Envelope,
  progressToken?: string | number,
): JsonObject {
  const old = params?.['_meta']
  const meta: JsonObject = isJsonObject(old) ? { ...old } : {}
  meta[META_VERSION] = envelope.version
  meta[META_CAPABILITIES] = envelope.capabilities
  if (envelope.clientInfo !== undefined) meta[META_CLIENT_INFO] = envelope.clientInfo
  if (envelope.logLevel !== undefined) meta[META_LOG_LEVEL] = envelope.logLevel
  if (progressToken !== undefined) meta['progressToken'] = progressToken
  return { ...params, _meta: meta }
}

/** Params with one more key in `_meta`: a progress token, a subscription id, the server's name. */
export function withMetaKey(
  params: JsonObject | undefined,
  key: string,
  value: Json,
): JsonObject & { _meta: JsonObject } {
  const old = params?.['_meta']
  return { ...params, _meta: { ...(isJsonObject(old) ? old : undefined), [key]: value } }
}

/** The same without one key of `_meta`, and without `_meta` if nothing is left of it. */
export function withoutMetaKey(said: JsonObject, key: string): JsonObject {
  return withMeta(
    said,
    stripped(said['_meta'], (each) => each === key),
  )
}

/** The sender's progress token, or undefined if it wants no progress. */
export function progressTokenOf(params: unknown): string | number | undefined {
  const meta = isJsonObject(params) ? params['_meta'] : undefined
  const token = isJsonObject(meta) ? meta['progressToken'] : undefined
  return typeof token === 'string' || typeof token === 'number' ? token : undefined
}

/** The id of the task that a message says it belongs to. */
export function relatedTaskOf(said: JsonObject): string | undefined {
  const meta = said['_meta']
  const task = isJsonObject(meta) ? meta[META_RELATED_TASK] : undefined
  const id = isJsonObject(task) ? task['taskId'] : undefined
  return typeof id === 'string' ? id : undefined
}

export function isLogLevel(value: unknown): value is LogLevel {
  return (LOG_LEVELS as readonly unknown[]).includes(value)
}

export function isImplementation(value: unknown): value is Implementation {
  return (
    isJsonObject(value) && typeof value['name'] === 'string' && typeof value['version'] === 'string'
  )
}

function isRequestHopKey(key: string): boolean {
  return key === 'progressToken' || isHopMetaKey(key)
}

/** `meta` without the keys that `drop` names; the same value if there are none; undefined if no key is left. */
function stripped(meta: Json | undefined, drop: (key: string) => boolean): Json | undefined {
  if (!isJsonObject(meta)) return meta
  let dropped = 0
  let kept = 0
  for (const key in meta) {
    if (drop(key)) dropped++
    else kept++
  }
  if (dropped === 0) return meta
  if (kept === 0) return undefined
  return Object.fromEntries(Object.entries(meta).filter(([key]) => !drop(key)))
}

function withMeta(object: JsonObject, meta: Json | undefined): JsonObject {
  if (meta === object['_meta']) return object
  const { _meta, ...rest } = object
  return meta === undefined ? rest : { ...rest, _meta: meta }
}

function envelopeProblems(meta: JsonObject): string[] {
  const problems: string[] = []
  const version = meta[META_VERSION]
  const capabilities = meta[META_CAPABILITIES]
  if (typeof version !== 'string') problems.push(problem(META_VERSION, version, 'a string'))
  if (!isJsonObject(capabilities)) {
    problems.push(problem(META_CAPABILITIES, capabilities, 'an object'))
  }
  const info = meta[META_CLIENT_INFO]
  if (info !== undefined && !isImplementation(info)) {
    problems.push(problem(META_CLIENT_INFO, info, 'an object with name and version'))
  }
  const level = meta[META_LOG_LEVEL]
  if (level !== undefined && !isLogLevel(level)) {
    problems.push(problem(META_LOG_LEVEL, level, `one of ${LOG_LEVELS.join(', ')}`))
  }
  return problems
}

function problem(key: string, value: Json | undefined, wanted: string): string {
  return value === undefined ? `_meta["${key}"] is missing` : `_meta["${key}"] must be ${wanted}`
}
