import { isJsonObject } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json.ts'
import type { ParamHeaders } from './gateway-port.ts'

/** 2026-07-28 transports, "Standard request headers". Lower case, as node:http gives them. */
export const VERSION_HEADER = 'mcp-protocol-version'
export const METHOD_HEADER = 'mcp-method'
export const NAME_HEADER = 'mcp-name'
export const PARAM_HEADER_PREFIX = 'mcp-param-'
/** Legacy sessions. */
export const SESSION_HEADER = 'mcp-session-id'

const NAME_SOURCES: Readonly<Record<string, string>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
  'tasks/get': 'taskId',
  'tasks/update': 'taskId',
  'tasks/cancel': 'taskId',
}

/** The member of `params` that `Mcp-Name` mirrors for this method, or undefined if the method has no such header. */
export function nameHeaderSource(method: string): string | undefined {
  return Object.hasOwn(NAME_SOURCES, method) ? NAME_SOURCES[method] : undefined
}

const SENTINEL_START = '=?base64?'
const SENTINEL_END = '?='
const PLAIN = /^(?![ \t])[\t\x20-\x7e]+(?<![ \t])$/
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** A value for `Mcp-Name` or `Mcp-Param-*`: as it is if it is plain visible ASCII, else `=?base64?…?=` of its UTF-8. */
export function encodeHeaderValue(value: string): string {
  return PLAIN.test(value) && !looksEncoded(value)
    ? value
    : SENTINEL_START + Buffer.from(value, 'utf8').toString('base64') + SENTINEL_END
}

/** The value a header carries, white space around it trimmed; undefined if its base64 or UTF-8 is broken (-32020). */
export function decodeHeaderValue(header: string): string | undefined {
  const text = header.trim()
  if (!looksEncoded(text)) return text
  const base64 = text.slice(SENTINEL_START.length, -SENTINEL_END.length)
  if (!BASE64.test(base64)) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      Buffer.from(base64, 'base64'),
    )
  } catch {
    return undefined
  }
}

/**
 * The text of an argument in its `Mcp-Param-*` header, not yet encoded; undefined if it has no header: absent, null, not
 * a primitive, or a number out of ±(2^53−1).
 */
export function paramHeaderText(value: Json | undefined): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return undefined
  return String(value)
}

/** `Mcp-Param-*` values for a call, not yet encoded, by header name without the prefix. */
export function paramHeadersOf(
  annotated: ParamHeaders,
  args: Json | undefined,
): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, { path }] of annotated) {
    const text = paramHeaderText(valueAt(args, path))
    if (text !== undefined) headers[name] = text
  }
  return headers
}

/**
 * Compares the `Mcp-Param-*` headers of a request with its arguments. Returns what is wrong (-32020), or undefined.
 * Headers without an annotation are not ours to judge.
 */
export function checkParamHeaders(
  annotated: ParamHeaders,
  args: Json | undefined,
  headers: Readonly<Record<string, string | string[] | undefined>>,
): string | undefined {
  for (const [name, { path, type }] of annotated) {
    const header = headers[PARAM_HEADER_PREFIX + name]
    const value = valueAt(args, path)
    const problem = paramProblem(header, value, type)
    if (problem) return `Header Mcp-Param-${name} ${problem} argument "${path.join('.')}"`
  }
  return undefined
}

/** `invalid`: the tool has to be dropped from the list of an HTTP backend (2026-07-28 transports, "Schema extension"). */
export type ParamAnnotations =
  | { readonly kind: 'valid'; readonly headers: ParamHeaders }
  | { readonly kind: 'invalid'; readonly reason: string }

/** Reads the `x-mcp-header` annotations of a tool's input schema. */
export function readParamAnnotations(inputSchema: unknown): ParamAnnotations {
  const headers: Found = new Map()
  const reason = visit(inputSchema, [], true, headers)
  return reason === undefined ? { kind: 'valid', headers } : { kind: 'invalid', reason }
}

function looksEncoded(text: string): boolean {
  return (
    text.length >= SENTINEL_START.length + SENTINEL_END.length &&
    text.startsWith(SENTINEL_START) &&
    text.endsWith(SENTINEL_END)
  )
}

function valueAt(args: Json | undefined, path: readonly string[]): Json | undefined {
  let node: Json | undefined = args
  for (const key of path) {
    if (!isJsonObject(node) || !Object.hasOwn(node, key)) return undefined
    node = node[key]
  }
  return node
}

type ParamType = 'string' | 'integer' | 'boolean'

/** The verb phrase of the complaint, or undefined if header and argument agree. */
function paramProblem(
  header: string | string[] | undefined,
  value: Json | undefined,
  type: ParamType,
): string | undefined {
  const absent = value === undefined || value === null
  if (header === undefined) return absent ? undefined : 'is missing for'
  if (absent) return 'is present without'
  const text = Array.isArray(header) ? undefined : decodeHeaderValue(header)
  if (text === undefined) return 'is not a valid encoding of'
  return sameValue(text, value, type) ? undefined : 'does not match'
}

function sameValue(text: string, value: Json, type: ParamType): boolean {
  if (type === 'integer' && typeof value === 'number') {
    return /^[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?$/.test(text) && Number(text) === value
  }
  return text === paramHeaderText(value)
}

const ANNOTATION = 'x-mcp-header'
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** Places an annotation cannot be reached through; the second list holds maps of schemas. */
const CLOSED = [
  'items',
  'prefixItems',
  'contains',
  'additionalProperties',
  'unevaluatedProperties',
  'unevaluatedItems',
  'propertyNames',
  'oneOf',
  'anyOf',
  'allOf',
  'not',
  'if',
  'then',
  'else',
]
const CLOSED_MAPS = ['patternProperties', 'dependentSchemas', '$defs', 'definitions']

type Found = Map<string, { path: readonly string[]; type: ParamType }>

/** Walks a schema; returns the first broken rule. */
function visit(
  schema: unknown,
  path: readonly string[],
  reachable: boolean,
  found: Found,
): string | undefined {
  if (Array.isArray(schema)) return first(schema, (each) => visit(each, path, reachable, found))
  if (!isJsonObject(schema)) return undefined
  const own = Object.hasOwn(schema, ANNOTATION)
    ? annotate(schema, path, reachable, found)
    : undefined
  return (
    own ??
    first(entriesOf(schema['properties']), ([key, child]) =>
      visit(child, [...path, key], reachable, found),
    ) ??
    first(CLOSED, (keyword) => visit(schema[keyword], path, false, found)) ??
    first(CLOSED_MAPS, (keyword) =>
      first(entriesOf(schema[keyword]), ([, child]) => visit(child, path, false, found)),
    )
  )
}

function annotate(
  schema: JsonObject,
  path: readonly string[],
  reachable: boolean,
  found: Found,
): string | undefined {
  const where = `${ANNOTATION} at "${path.join('.')}"`
  const name = schema[ANNOTATION]
  const type = schema['type']
  if (!reachable || path.length === 0) return `${where} is not reachable through properties alone`
  if (typeof name !== 'string' || !TOKEN.test(name)) return `${where} is not an RFC 9110 token`
  if (type !== 'string' && type !== 'integer' && type !== 'boolean') {
    return `${where} is only allowed on string, integer and boolean`
  }
  const key = name.toLowerCase()
  if (found.has(key)) return `${where} repeats the header "${name}"`
  found.set(key, { path, type })
  return undefined
}

function entriesOf(value: Json | undefined): [string, Json | undefined][] {
  return isJsonObject(value) ? Object.entries(value) : []
}

function first<Item>(
  items: Iterable<Item>,
  find: (item: Item) => string | undefined,
): string | undefined {
  for (const item of items) {
    const found = find(item)
    if (found !== undefined) return found
  }
  return undefined
}
