import { isJsonObject } from '../../base/json.ts'
import type { JsonObject } from '../../base/json.ts'
import { parseJson } from '../../base/parse-json.ts'
import type { InputRequests, RpcError } from '../messages.ts'
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

/** The elements of a batch (2025-03-26), each as bytes of its own; undefined if it is none. */
export function splitBatch(bytes: Buffer): Buffer[] | undefined {
  let at = 0
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++
  if (bytes[at] !== 0x5b) return undefined
  try {
    const elements = parseJson(bytes.toString('utf8')) as unknown[]
    return elements.map((element) => Buffer.from(JSON.stringify(element)))
  } catch {
    return undefined
  }
}

/** The reply of a modern backend: `input_required` is decoded, all else stays raw. Undefined: an invalid response. */
export function modernReply(response: RawResponse): Reply | undefined {
  if (response.resultType === undefined) return { kind: 'raw', response }
  const type = parseMember(response, response.resultType)
  if (type === 'complete' || type === 'task') return { kind: 'raw', response }
  if (type !== 'input_required') return undefined
  const result = parseRawResult(response)
  if (!isJsonObject(result)) return undefined
  const { inputRequests, requestState } = result
  if (inputRequests === undefined && requestState === undefined) return undefined
  if (inputRequests !== undefined && !isJsonObject(inputRequests)) return undefined
  if (requestState !== undefined && typeof requestState !== 'string') return undefined
  return {
    kind: 'input',
    ...(inputRequests === undefined ? {} : { requests: withParams(inputRequests) }),
    ...(requestState === undefined ? {} : { state: requestState }),
  }
}

/** `roots/list` may come without params. */
function withParams(requests: JsonObject): InputRequests {
  const entries = Object.entries(requests).map(([key, request]) => [
    key,
    isJsonObject(request) && request['params'] === undefined ? { ...request, params: {} } : request,
  ])
  return Object.fromEntries(entries) as InputRequests
}
