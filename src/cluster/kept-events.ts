import { createBackoff } from '../base/backoff.ts'
import { isJsonObject, type JsonObject } from '../base/json.ts'
import { parseJson } from '../base/parse-json.ts'
import type { KeptEvents, KeptStream } from '../mcp/kept-events.ts'
import type { RequestId } from '../mcp/messages.ts'
import type { AppendLog } from '../storage/append-log.ts'
import type { Sealer } from '../storage/sealing.ts'
import type { Logger } from '../telemetry/logger.ts'

export interface KeptEventsOptions {
  readonly log: AppendLog
  readonly keyPrefix: string
  /** Undefined: events may hold what is secret, so they are not kept; which requests a stream answers is. */
  readonly sealer: Sealer | undefined
  readonly logger: Logger
  /** How long events are kept that nobody prolongs, milliseconds. */
  readonly keepMs?: number
  readonly retry?: typeof RETRY_MS
}

/** Events that come within this time are written together. */
const BATCH_MS = 10
const KEEP_MS = 10 * 60_000
/** How often, in that time, it is said again what streams answer that say nothing. */
const SAID_TIMES = 3
const MAX_EVENTS = 1_000
const MAX_EVENT_BYTES = 256 * 1024
/** What waits to be written, while the store is slow. */
const MAX_WAITING = 10_000
/** Before it is tried again to say what streams answer, after the store did not take it. */
const RETRY_MS = { minMs: 1_000, maxMs: 5_000 }
/** Streams of which the store did not take what they answer, and that have ended since. */
const MAX_UNSAID = 10_000

/** Keeps events in the append log of the session store, each as `<number> <text>`; number 0 says what the stream answers. */
export function createKeptEvents(options: KeptEventsOptions): KeptEvents {
  const { log, sealer, logger, keepMs = KEEP_MS } = options
  /** Streams that have something to answer, and what. */
  const owing = new Map<string, readonly RequestId[]>()
  let again: NodeJS.Timeout | undefined
  let waiting = new Map<string, string[]>()
  let waitingCount = 0
  let timer: NodeJS.Timeout | undefined
  let writing = false
  /** What the store did not take of that: said again when it is back, though the stream may have ended by then. */
  const unsaid = new Map<string, string>()
  const backoff = createBackoff(options.retry ?? RETRY_MS)
  let retry: NodeJS.Timeout | undefined

  function keyOf(session: string, stream: string): string {
    return `${options.keyPrefix}${session}:${stream}`
  }

  function say(key: string, requests: readonly RequestId[]): void {
    add(key, `0 ${JSON.stringify(requests)}`)
  }

  /** Else what a long call is to answer would be forgotten before its client asks for it elsewhere. */
  function sayAgain(): void {
    for (const [key, requests] of owing) say(key, requests)
  }

  function add(key: string, entry: string): void {
    if (waitingCount >= MAX_WAITING) return
    const entries = waiting.get(key)
    if (entries === undefined) waiting.set(key, [entry])
    else entries.push(entry)
    waitingCount++
    timer ??= setTimeout(() => void write(), BATCH_MS).unref()
  }

  async function write(): Promise<void> {
    timer = undefined
    if (writing) return
    writing = true
    let batch = waiting
    try {
      while (waiting.size > 0) {
        batch = waiting
        waiting = new Map()
        waitingCount = 0
        const how = { ttlMs: keepMs, keepLast: MAX_EVENTS }
        await Promise.all([...batch].map(([key, entries]) => log.append(key, entries, how)))
        backoff.reset()
      }
    } catch (error) {
      logger.debug({ err: error }, 'Cannot keep events for other replicas')
      for (const [key, entries] of batch) {
        const said = entries.findLast((entry) => split(entry).seq === 0)
        if (said !== undefined && unsaid.size < MAX_UNSAID) unsaid.set(key, said)
      }
      // It may have forgotten what it took before, too.
      retry ??= setTimeout(sayUnsaid, backoff.nextMs()).unref()
    } finally {
      writing = false
    }
  }

  /** The events themselves are lost; that a call has no outcome that is known must not be. */
  function sayUnsaid(): void {
    retry = undefined
    for (const [key, said] of unsaid) if (!owing.has(key)) add(key, said)
    unsaid.clear()
    sayAgain()
    timer ??= setTimeout(() => void write(), BATCH_MS).unref()
  }

  /** Empty for what is not kept: that there was an event is. */
  function sealed(key: string, body: readonly Buffer[]): string {
    if (sealer === undefined) return ''
    let bytes = 0
    for (const part of body) bytes += part.length
    return bytes > MAX_EVENT_BYTES ? '' : sealer.seal(Buffer.concat(body).toString('utf8'), key)
  }

  function opened(key: string, text: string): JsonObject | undefined {
    const plain = text === '' ? undefined : sealer?.open(text, key)?.text
    const message = plain === undefined ? undefined : parseJson(plain)
    return isJsonObject(message) ? message : undefined
  }

  return {
    begin(session, stream, requests) {
      const key = keyOf(session, stream)
      say(key, requests)
      if (requests.length === 0) return
      owing.set(key, requests)
      again ??= setInterval(sayAgain, keepMs / SAID_TIMES).unref()
    },
    end(session, stream) {
      owing.delete(keyOf(session, stream))
      if (owing.size > 0) return
      clearInterval(again)
      again = undefined
    },
    keep(session, stream, seq, body) {
      const key = keyOf(session, stream)
      add(key, `${seq} ${sealed(key, body)}`)
    },
    async read(session, stream): Promise<KeptStream | undefined> {
      const key = keyOf(session, stream)
      try {
        const { entries } = await log.read(key)
        if (entries.length === 0) return undefined
        const numbered = entries.map(split)
        return {
          requests: readRequests(numbered.find(({ seq }) => seq === 0)?.text),
          events: numbered.flatMap(({ seq, text }) => {
            const message = seq === 0 ? undefined : opened(key, text)
            return message === undefined ? [] : [{ seq, message }]
          }),
          lastSeq: numbered.findLast(({ seq }) => seq !== 0)?.seq ?? 0,
        }
      } catch (error) {
        logger.debug({ err: error }, 'Cannot read events of another replica')
        return undefined
      }
    },
  }
}

function split(entry: string): { seq: number; text: string } {
  const space = entry.indexOf(' ')
  return { seq: Number(entry.slice(0, space)), text: entry.slice(space + 1) }
}

function readRequests(text = '[]'): RequestId[] {
  const ids: unknown = JSON.parse(text)
  if (!Array.isArray(ids)) return []
  return ids.filter((id) => typeof id === 'string' || typeof id === 'number')
}
