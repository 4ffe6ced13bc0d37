import { isJsonObject } from '../../base/json.ts'
import type { RpcError } from '../../mcp/messages.ts'
import { scanResponse } from '../../mcp/raw-response.ts'
import type { Reply } from '../../mcp/reply.ts'

/** What is known of a call that has an idempotency key. */
export interface KeyedRecord {
  /** `paramsDigest`: a key belongs to one call. */
  readonly digest: string
  /** Which process runs it: unique for each run of a process. */
  readonly runner: string
  /** The name of the run that it starts, if its tool is a composite one. */
  readonly run?: string | undefined
  readonly outcome: KeyedOutcome
}

/**
 * `running`: not answered yet. `left`: its run goes on, or has ended, without it. `unknown`: whether it ran nobody will ever know.
 * `dropped`: answered, but too large to keep. `not-run`: that is certain, so whoever comes next may run it; no record at all says
 * nothing, the store may have forgotten it.
 */
export type KeyedOutcome =
  | { readonly kind: 'running' }
  | { readonly kind: 'left' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'not-run' }
  | { readonly kind: 'dropped'; readonly bytes: number }
  | { readonly kind: 'result'; readonly text: string }
  | { readonly kind: 'error'; readonly error: RpcError }

/** A record as it is stored. */
export function writeRecord(record: KeyedRecord): string {
  return JSON.stringify({ format: 1, ...record })
}

/** Undefined for what is no record of this format. */
export function readRecord(text: string): KeyedRecord | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isJsonObject(value) || value['format'] !== 1 || !isJsonObject(value['outcome'])) {
    return undefined
  }
  return value as unknown as KeyedRecord
}

/** How an answer is kept; undefined for one that is none yet (`input`). Results stay as they were written. */
export function outcomeOfReply(reply: Reply, maxBytes: number): KeyedOutcome | undefined {
  switch (reply.kind) {
    case 'input':
      return undefined
    case 'error':
      return { kind: 'error', error: reply.error }
    case 'raw': {
      const { bytes, result } = reply.response
      const size = result.end - result.start
      if (size > maxBytes) return { kind: 'dropped', bytes: size }
      return { kind: 'result', text: bytes.toString('utf8', result.start, result.end) }
    }
    case 'result': {
      const { resultType, result } = reply
      const text = JSON.stringify(resultType === undefined ? result : { resultType, ...result })
      const size = Buffer.byteLength(text)
      return size > maxBytes ? { kind: 'dropped', bytes: size } : { kind: 'result', text }
    }
  }
}

/** The answer that was kept. */
export function replyOfOutcome(
  outcome: Extract<KeyedOutcome, { kind: 'result' | 'error' }>,
): Reply | undefined {
  if (outcome.kind === 'error') return { kind: 'error', error: outcome.error }
  const response = scanResponse(Buffer.from(`{"jsonrpc":"2.0","id":0,"result":${outcome.text}}`))
  return typeof response === 'object' ? { kind: 'raw', response } : undefined
}
