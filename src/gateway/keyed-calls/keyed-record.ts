import { isJsonObject, type JsonObject } from '../../base/json.ts'
import { parseJson } from '../../base/parse-json.ts'
import type { RpcError } from '../../mcp/messages.ts'
import { scanResponse } from '../../mcp/raw-response.ts'
import type { Reply } from '../../mcp/reply.ts'
import type { Sealer } from '../../storage/sealing.ts'

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

/** Records as they are stored. */
export interface RecordTexts {
  /** `at`: where it will be stored; it is read only there. */
  write(record: KeyedRecord, at: string): string
  /** Undefined for what is no record of this format. An answer that cannot be trusted, or read, is of unknown outcome. */
  read(text: string, at: string): KeyedRecord | undefined
}

/** With a sealer answers are sealed: they may be secret. What a call is, and whether it runs, is not. */
export function createRecordTexts(sealer: Sealer | undefined): RecordTexts {
  function sealed(outcome: KeyedOutcome, at: string): KeyedOutcome | SealedOutcome {
    if (sealer === undefined || !isAnswer(outcome)) return outcome
    return { kind: 'sealed', sealed: sealer.seal(JSON.stringify(outcome), at) }
  }

  function opened(outcome: JsonObject, at: string): unknown {
    const { kind, sealed: text } = outcome
    // Whoever has the store, and not the key, could have written it; so could a version that sealed nothing.
    if (kind === 'result' || kind === 'error') return sealer === undefined ? outcome : UNKNOWN
    if (kind !== 'sealed') return outcome
    const plain = typeof text === 'string' ? sealer?.open(text, at)?.text : undefined
    return plain === undefined ? UNKNOWN : parseJson(plain)
  }

  return {
    write(record, at) {
      return JSON.stringify({ format: 1, ...record, outcome: sealed(record.outcome, at) })
    },
    read(text, at) {
      let value: unknown
      try {
        value = parseJson(text)
      } catch {
        return undefined
      }
      if (!isJsonObject(value) || value['format'] !== 1) return undefined
      const { outcome } = value
      if (!isJsonObject(outcome)) return undefined
      return { ...value, outcome: opened(outcome, at) } as unknown as KeyedRecord
    },
  }
}

interface SealedOutcome {
  readonly kind: 'sealed'
  readonly sealed: string
}

const UNKNOWN: KeyedOutcome = { kind: 'unknown' }

function isAnswer({ kind }: KeyedOutcome): boolean {
  return kind === 'result' || kind === 'error'
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
