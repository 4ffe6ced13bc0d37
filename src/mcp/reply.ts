import type { JsonObject } from '../base/json.ts'
import type { InputRequests, RpcError } from './messages.ts'
import type { RawResponse } from './raw-response.ts'
import type { ProtocolVersion } from './versions.ts'

/**
 * The answer to a call, on its way from a source to a client edge.
 *
 * - `raw`: the bytes of a backend's JSON-RPC response with a result, not parsed; an edge rewrites id and reserved
 *   members by splicing (`raw-response.ts`). The usual answer of tools/call, prompts/get, resources/read.
 * - `result`: a result as a value, made or changed by us. Carries no `resultType`, no reserved `_meta`: the edge stamps them.
 * - `input`: the source needs answers first and keeps no state of its own: relay both members to the client and call
 *   again with the answers (2026-07-28, multi round-trip requests).
 * - `error`: a JSON-RPC error.
 */
export type Reply =
  | {
      readonly kind: 'raw'
      readonly response: RawResponse
      /** The result is in the words of this version already (a list from memory): an edge takes nothing out of it. */
      readonly saidFor?: ProtocolVersion
    }
  | ResultReply
  | {
      readonly kind: 'input'
      readonly requests?: InputRequests
      readonly state?: string
      /** The replica that has what the state names: the retry is handed to it, while it lives (`EdgePeers`). */
      readonly holder?: string | undefined
    }
  | { readonly kind: 'error'; readonly error: RpcError }

export interface ResultReply {
  readonly kind: 'result'
  readonly result: JsonObject
  /** `complete` unless said: `task` with the tasks extension. */
  readonly resultType?: string
  /** Caching hints of 2026-07-28; an edge of that era writes `0`/`private` when they are absent on a cacheable method. */
  readonly cache?: { ttlMs: number; cacheScope: 'public' | 'private' }
}

export function resultReply(result: JsonObject): ResultReply {
  return { kind: 'result', result }
}

export function errorReply(code: number, message: string, data?: RpcError['data']): Reply {
  return { kind: 'error', error: data === undefined ? { code, message } : { code, message, data } }
}

/** True for a result that says the tool failed (`isError`), found without parsing a raw answer. */
export function isErrorResult(reply: Reply): boolean {
  if (reply.kind === 'raw') return reply.response.isError
  return reply.kind === 'result' && reply.result['isError'] === true
}
