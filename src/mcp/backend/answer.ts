import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json.ts'
import { parseJson } from '../../base/parse-json.ts'
import { skipSpace } from '../json-skip.ts'
import type { InputRequest, InputRequests, RpcError } from '../messages.ts'
import { parseMember, parseRawResult } from '../raw-response.ts'
import type { RawResponse } from '../raw-response.ts'
import type { Reply } from '../reply.ts'

/** A message of a backend that has to be read: all but responses with a result, which stay bytes. */
export type Incoming =
  | { readonly kind: 'error'; readonly id: unknown; readonly error: RpcError }
  | {
      readonly kind: 'message'
      readonly id: unknown
      readonly method: string
      readonly params: JsonObject
    }
  | { readonly kind: 'broken'; readonly reason: string }

/** Decodes what `scanResponse` has found to be a response with an error, or a request or notification. */
export function decodeMessage(bytes: Buffer): Incoming {
  let value: unknown
  try {
    value = parseJson(bytes.toString('utf8'))
  } catch {
    return { kind: 'broken', reason: 'it is not JSON' }
  }
  if (!isJsonObject(value)) return { kind: 'broken', reason: 'it is not an object' }
  const { id, method, params, error } = value
  if (typeof method === 'string') {
    return { kind: 'message', id, method, params: isJsonObject(params) ? params : {} }
  }
  if (isJsonObject(error) && typeof error['code'] === 'number') {
    const message = typeof error['message'] === 'string' ? error['message'] : 'no message'
    const data = error['data']
    return {
      kind: 'error',
      id,
      error: { code: error['code'], message, ...(data === undefined ? {} : { data }) },
    }
  }
  return { kind: 'broken', reason: 'it is neither a response nor a request' }
}

/** We send no batches, so nobody has to answer with one; more than a few notifications at once is a flood. */
const MAX_BATCH_COUNT = 100

/** The messages of a batch (2025-03-26), each as bytes of its own; undefined if it is none. */
export function splitBatch(bytes: Buffer): Buffer[] | undefined {
  if (bytes[skipSpace(bytes, 0)] !== 0x5b) return undefined
  try {
    const elements = parseJson(bytes.toString('utf8'))
    if (!Array.isArray(elements) || elements.length > MAX_BATCH_COUNT) return undefined
    // A batch in a batch does not exist; following one down would take the stack.
    if (!elements.every(isJsonObject)) return undefined
    return elements.map((element) => Buffer.from(JSON.stringify(element)))
  } catch {
    return undefined
  }
}

/** An id that a backend made, for logs and errors: it may be of any type and length. */
export function showId(id: unknown): string {
  return (JSON.stringify(id) ?? 'undefined').slice(0, 100)
}

/** The reply of a modern backend: `input_required` is decoded, all else stays raw. Undefined: an invalid response. */
export function modernReply(response: RawResponse): Reply | undefined {
  if (response.resultType === undefined) return { kind: 'raw', response }
  try {
    const type = parseMember(response, response.resultType)
    if (type === 'complete' || type === 'task') return { kind: 'raw', response }
    return type === 'input_required' ? inputReply(parseRawResult(response)) : undefined
  } catch {
    // A string with a bad escape: the scan does not look into strings.
    return undefined
  }
}

function inputReply(result: unknown): Reply | undefined {
  if (!isJsonObject(result)) return undefined
  const { inputRequests, requestState } = result
  if (inputRequests === undefined && requestState === undefined) return undefined
  if (requestState !== undefined && typeof requestState !== 'string') return undefined
  const requests = inputRequests === undefined ? undefined : readRequests(inputRequests)
  if (inputRequests !== undefined && requests === undefined) return undefined
  return {
    kind: 'input',
    ...(requests === undefined ? {} : { requests }),
    ...(requestState === undefined ? {} : { state: requestState }),
  }
}

/** The questions a server may ask (all revisions; 2026-07-28, multi round-trip requests). */
const ASKABLE: ReadonlySet<unknown> = new Set([
  'elicitation/create',
  'sampling/createMessage',
  'roots/list',
])

/** Undefined if one of them is no question. `roots/list` may come without params. */
function readRequests(requests: Json): InputRequests | undefined {
  if (!isJsonObject(requests)) return undefined
  const read: [string, InputRequest][] = []
  for (const [key, request] of Object.entries(requests)) {
    if (!isJsonObject(request) || !ASKABLE.has(request['method'])) return undefined
    const { params = {} } = request
    if (!isJsonObject(params)) return undefined
    read.push([key, { ...request, method: request['method'] as InputRequest['method'], params }])
  }
  return Object.fromEntries(read)
}
