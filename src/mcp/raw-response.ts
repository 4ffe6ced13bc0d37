import { parseJson } from '../base/parse-json.ts'
import { skipKey, skipSpace, skipString, skipValue } from './json-skip.ts'
import type { RequestId } from './messages.ts'

/** A member of an object: offset of the key's opening quote; start (inclusive) and end (exclusive) of its value. */
export interface MemberSpan {
  readonly key: number
  readonly start: number
  readonly end: number
}

/**
 * A JSON-RPC response with a result, in bytes, with the places a gateway has to touch. Everything else passes through
 * as it came, without being decoded. The structure has been checked: the bytes are JSON.
 */
export interface RawResponse {
  readonly bytes: Buffer
  /** Id as received: the connection's own. */
  readonly id: RequestId
  readonly result: MemberSpan
  /** Members at the first level of the result. */
  readonly meta: MemberSpan | undefined
  readonly resultType: MemberSpan | undefined
  readonly ttlMs: MemberSpan | undefined
  readonly cacheScope: MemberSpan | undefined
  readonly structuredContent: MemberSpan | undefined
  readonly isError: boolean
}

/**
 * Looks at a JSON-RPC message without decoding it.
 * `'error'`: a response with an error; `'message'`: it has a method, so it is a request or notification: parse both.
 * `undefined`: not one JSON-RPC message, or its result is not an object.
 */
export function scanResponse(bytes: Buffer): RawResponse | 'error' | 'message' | undefined {
  let i = skipSpace(bytes, 0)
  if (bytes[i] !== 0x7b) return undefined
  i = skipSpace(bytes, i + 1)
  let id: RequestId | undefined
  let result: ScannedResult | undefined
  let kind: 'error' | 'message' | undefined
  while (bytes[i] === 0x22) {
    const key = i
    const start = skipKey(bytes, i)
    if (start < 0) return undefined
    const name = keyName(bytes, key)
    if (name === 'result') {
      // A second `result` would hide the first from a parser: refuse it.
      if (result !== undefined) return undefined
      result = scanResult(bytes, key, start)
      if (result === undefined) return undefined
      i = result.span.end
    } else {
      i = skipValue(bytes, start)
      if (i < 0) return undefined
      if (name === 'id') id = readId(bytes, start, i)
      else if (name === 'error') kind ??= 'error'
      else if (name === 'method') kind = 'message'
    }
    i = skipSpace(bytes, i)
    if (bytes[i] !== 0x2c) break
    i = skipSpace(bytes, i + 1)
    if (bytes[i] !== 0x22) return undefined
  }
  if (bytes[i] !== 0x7d || skipSpace(bytes, i + 1) !== bytes.length) return undefined
  if (kind !== undefined) return kind
  if (result === undefined || id === undefined) return undefined
  return {
    bytes,
    id,
    result: result.span,
    meta: result.meta,
    resultType: result.resultType,
    ttlMs: result.ttlMs,
    cacheScope: result.cacheScope,
    structuredContent: result.structuredContent,
    isError: result.isError,
  }
}

/** The result as a value. Throws nothing but SyntaxError (a bad escape in a string). */
export function parseRawResult(raw: RawResponse): unknown {
  return parseJson(raw.bytes.toString('utf8', raw.result.start, raw.result.end))
}

/** The value of a member as a value, e.g. `resultType` or `_meta`. */
export function parseMember(raw: RawResponse, member: MemberSpan): unknown {
  return parseJson(raw.bytes.toString('utf8', member.start, member.end))
}

interface ScannedResult {
  span: MemberSpan
  meta: MemberSpan | undefined
  resultType: MemberSpan | undefined
  ttlMs: MemberSpan | undefined
  cacheScope: MemberSpan | undefined
  structuredContent: MemberSpan | undefined
  isError: boolean
}

function scanResult(bytes: Buffer, key: number, start: number): ScannedResult | undefined {
  if (bytes[start] !== 0x7b) return undefined
  const found: ScannedResult = {
    span: { key, start, end: start },
    meta: undefined,
    resultType: undefined,
    ttlMs: undefined,
    cacheScope: undefined,
    structuredContent: undefined,
    isError: false,
  }
  let i = skipSpace(bytes, start + 1)
  while (bytes[i] === 0x22) {
    const memberKey = i
    const valueStart = skipKey(bytes, i)
    if (valueStart < 0) return undefined
    i = skipValue(bytes, valueStart)
    if (i < 0) return undefined
    const member = { key: memberKey, start: valueStart, end: i }
    switch (keyName(bytes, memberKey)) {
      case '_meta':
        found.meta = member
        break
      case 'resultType':
        found.resultType = member
        break
      case 'ttlMs':
        found.ttlMs = member
        break
      case 'cacheScope':
        found.cacheScope = member
        break
      case 'structuredContent':
        found.structuredContent = member
        break
      case 'isError':
        found.isError = bytes[valueStart] === 0x74
        break
      case undefined: // a key nobody looks for
        break
    }
    i = skipSpace(bytes, i)
    if (bytes[i] !== 0x2c) break
    i = skipSpace(bytes, i + 1)
    if (bytes[i] !== 0x22) return undefined
  }
  if (bytes[i] !== 0x7d) return undefined
  found.span = { key, start, end: i + 1 }
  return found
}

/** Names we look for, by length: reading nothing for all other keys keeps the walk free of allocation. */
const NAMES: readonly (readonly string[])[] = namesByLength([
  'id',
  'result',
  'error',
  'method',
  '_meta',
  'resultType',
  'ttlMs',
  'cacheScope',
  'structuredContent',
  'isError',
])

function keyName(bytes: Buffer, key: number): string | undefined {
  const first = key + 1
  let end = first
  while (bytes[end] !== 0x22) {
    // Keys may be written with escapes (`"\u0069d"`): a peer could hide a second `id` so. Rare, so decoded in full.
    if (bytes[end] === 0x5c) return decode(bytes, key, skipString(bytes, key))
    end++
  }
  const candidates = NAMES[end - first]
  if (candidates === undefined) return undefined
  for (const name of candidates) {
    let k = 0
    while (k < name.length && bytes[first + k] === name.charCodeAt(k)) k++
    if (k === name.length) return name
  }
  return undefined
}

function decode(bytes: Buffer, start: number, end: number): string | undefined {
  try {
    return JSON.parse(bytes.toString('utf8', start, end)) as string
  } catch {
    return undefined
  }
}

function readId(bytes: Buffer, start: number, end: number): RequestId | undefined {
  const first = bytes[start]
  if (first === 0x22) return decode(bytes, start, end)
  const value = Number(bytes.toString('latin1', start, end))
  return Number.isSafeInteger(value) && first !== 0x6e && first !== 0x74 && first !== 0x66
    ? value
    : undefined
}

function namesByLength(names: string[]): string[][] {
  const table: string[][] = []
  for (const name of names) (table[name.length] ??= []).push(name)
  return table
}
