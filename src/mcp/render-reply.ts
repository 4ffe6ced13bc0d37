import type { JsonObject } from '../base/json.ts'
import type { ClientView } from './caller.ts'
import { downConvertRaw, downConvertResult } from './down-convert.ts'
import { cleanResultMeta, META_SERVER_INFO, withMetaKey } from './meta.ts'
import type { Implementation, RequestId, RpcError } from './messages.ts'
import type { Reply, ResultReply } from './reply.ts'
import { renderRaw } from './render-raw.ts'
import { INVALID_PARAMS, LEGACY_RESOURCE_NOT_FOUND } from './rpc-codes.ts'

/** 2026-07-28 "Caching": complete results of these carry `ttlMs` and `cacheScope`. */
const CACHEABLE = new Set([
  'server/discover',
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
])

/** The request a reply answers, as far as the bytes of the response depend on it. */
export interface ReplyContext {
  readonly id: RequestId
  readonly method: string
  readonly params: JsonObject | undefined
  readonly client: ClientView
  readonly info: Implementation
  /** `JSON.stringify(info)`, made once. */
  readonly infoJson: string
}

/** A reply in the dress of the client's version, as chunks to be written one after another. `input` is not for here. */
export function renderReply(reply: Exclude<Reply, { kind: 'input' }>, to: ReplyContext): Buffer[] {
  switch (reply.kind) {
    case 'raw': {
      const { client } = to
      const converted =
        reply.saidFor === client.version
          ? undefined
          : downConvertRaw(to.method, reply.response, client.version)
      if (converted) return [renderResult({ kind: 'result', result: converted }, to)]
      return renderRaw(reply.response, {
        id: to.id,
        dialect: client.era,
        serverInfoJson: to.infoJson,
        cacheable: client.era === 'modern' && CACHEABLE.has(to.method),
      })
    }
    case 'result':
      return [renderResult(reply, to)]
    case 'error':
      return [renderError(to.id, errorForEra(reply.error, to))]
  }
}

/** A JSON-RPC error response. */
export function renderError(id: RequestId | null, error: RpcError): Buffer {
  return Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, error }))
}

/** A result as it is: for what an edge says by itself to legacy clients. */
export function renderPlain(id: RequestId, result: JsonObject): Buffer {
  return Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, result }))
}

function renderResult(reply: ResultReply, to: ReplyContext): Buffer {
  const { client } = to
  const result =
    client.era === 'modern'
      ? modernResult(reply, to)
      : downConvertResult(to.method, withoutHopMembers(reply.result), client.version)
  return renderPlain(to.id, result)
}

function modernResult(reply: ResultReply, to: ReplyContext): JsonObject {
  const resultType = reply.resultType ?? 'complete'
  const stamped = withMetaKey(cleanResultMeta(reply.result), META_SERVER_INFO, to.info)
  if (resultType !== 'complete' || !CACHEABLE.has(to.method)) return { resultType, ...stamped }
  return { resultType, ttlMs: 0, cacheScope: 'private', ...reply.cache, ...stamped }
}

function withoutHopMembers(result: JsonObject): JsonObject {
  const { resultType, ttlMs, cacheScope, ...rest } = cleanResultMeta(result)
  return rest
}

/** `-32002` ↔ `-32602` for a resource that does not exist. */
function errorForEra(error: RpcError, to: ReplyContext): RpcError {
  if (to.method !== 'resources/read') return error
  const uri = to.params?.['uri']
  if (to.client.era === 'modern') {
    if (error.code !== LEGACY_RESOURCE_NOT_FOUND) return error
    return { ...error, code: INVALID_PARAMS, data: error.data ?? { uri: uri ?? null } }
  }
  const { data } = error
  const namesUri = typeof data === 'object' && data !== null && 'uri' in data
  return error.code === INVALID_PARAMS && namesUri
    ? { ...error, code: LEGACY_RESOURCE_NOT_FOUND }
    : error
}
