import type { JsonObject } from '../../../base/json.ts'
import type { ClientLimits } from '../../client-limits.ts'
import type { ClientSession } from '../../client-session.ts'
import { isAtLeast } from '../../versions.ts'
import type { KeptEvents } from '../../kept-events.ts'
import type { RequestId } from '../../messages.ts'
import type { ReplayStore } from './replay-store.ts'
import { ReplayStream } from './replay-stream.ts'

/** The GET stream; POST streams count up from 1. */
export const STANDALONE = 0
/** Events after which is said again what their stream answers; well below the number of those that are kept. */
const SAY_AGAIN = 250

/** Where a client left off. */
export interface EventPosition {
  readonly stream: ReplayStream
  readonly seq: number
}

/** Epoch, number of the stream and of the event. Undefined: it is not ours. */
export function parseEventId(
  id: string,
): { epoch: string; number: number; seq: number } | undefined {
  const match = /^(\w+)\.(\d+)\.(\d+)$/.exec(id)
  return match ? { epoch: match[1]!, number: Number(match[2]), seq: Number(match[3]) } : undefined
}

/** The event streams of one legacy session over HTTP, and the bounds of what they keep. */
export class SessionStreams {
  readonly epoch: string
  readonly retryMs: number
  /** Whether streams begin with an empty event that carries an id (since 2025-11-25). */
  readonly primes: boolean
  readonly #session: ClientSession
  readonly #limits: ClientLimits
  readonly #store: ReplayStore
  readonly #kept: KeptEvents | undefined
  #standalone: ReplayStream | undefined
  /** Oldest first. */
  #posts: Map<number, ReplayStream> | undefined
  #next = STANDALONE + 1
  #heldBytes = 0
  #heldCount = 0

  constructor(
    epoch: string,
    session: ClientSession,
    limits: ClientLimits,
    store: ReplayStore,
    kept?: KeptEvents,
  ) {
    this.epoch = epoch
    this.retryMs = limits.retryMs
    this.primes = isAtLeast(session.client.version, '2025-11-25')
    this.#session = session
    this.#limits = limits
    this.#store = store
    this.#kept = kept
  }

  /** A new stream for the answer to a POST with these requests. */
  open(requests?: readonly RequestId[]): ReplayStream {
    const stream = new ReplayStream(this, this.#next++, requests)
    this.#keptAgain(stream)
    this.#posts ??= new Map()
    this.#posts.set(stream.number, stream)
    return stream
  }

  standalone(): ReplayStream {
    if (this.#standalone === undefined) {
      this.#standalone = new ReplayStream(this, STANDALONE)
      this.#keptAgain(this.#standalone)
    }
    return this.#standalone
  }

  /** False if the client never opened the GET stream; while it is away the stream keeps what is sent. */
  sendStandalone(message: JsonObject): boolean {
    this.#standalone?.send([Buffer.from(JSON.stringify(message))])
    return this.#standalone !== undefined
  }

  /**
   * Finds what `Last-Event-ID` names. Undefined if it is not ours or forgotten; an old id of the GET stream, made by
   * another process, names the new GET stream from its beginning.
   */
  find(lastEventId: string): EventPosition | undefined {
    const named = parseEventId(lastEventId)
    if (!named) return undefined
    const { number, seq } = named
    const isOurs = named.epoch === this.epoch
    if (number === STANDALONE) return { stream: this.standalone(), seq: isOurs ? seq : 0 }
    const stream = isOurs ? this.#posts?.get(number) : undefined
    return stream && { stream, seq }
  }

  /** The standalone stream loses its connection; its client comes back to it, here or elsewhere. */
  hangUp(): void {
    this.#standalone?.hangUp()
  }

  close(): void {
    for (const stream of this.#posts?.values() ?? []) stream.forget()
    this.#standalone?.forget()
  }

  /** A stream has a connection: the session is in use. */
  joined(): void {
    this.#session.inFlight++
  }

  left(): void {
    this.#session.inFlight--
  }

  sent(stream: ReplayStream, seq: number, body: readonly Buffer[]): void {
    // Only the last events are kept: what the stream is to answer has to be among them.
    if (seq % SAY_AGAIN === 0) this.#keptAgain(stream)
    this.#kept?.keep(this.#session.id, this.#nameOf(stream), seq, body)
  }

  added(stream: ReplayStream, bytes: number): void {
    this.#heldBytes += bytes
    this.#heldCount++
    this.#store.added(stream, bytes)
    while (this.#isFull()) {
      if (!this.#dropOldest()) return
    }
  }

  dropped(stream: ReplayStream, bytes: number, count: number): void {
    this.#heldBytes -= bytes
    this.#heldCount -= count
    this.#store.dropped(stream, bytes)
  }

  finished(stream: ReplayStream): void {
    this.#kept?.end(this.#session.id, this.#nameOf(stream))
    this.#store.finished(stream)
  }

  forgotten(stream: ReplayStream): void {
    this.#kept?.end(this.#session.id, this.#nameOf(stream))
    if (stream === this.#standalone) this.#standalone = undefined
    else this.#posts?.delete(stream.number)
    this.#store.forgotten(stream)
  }

  #keptAgain(stream: ReplayStream): void {
    this.#kept?.begin(this.#session.id, this.#nameOf(stream), stream.requests)
  }

  #nameOf({ number }: ReplayStream): string {
    return `${this.epoch}.${number}`
  }

  #isFull(): boolean {
    return (
      this.#heldBytes > this.#limits.maxReplayBytesPerSession ||
      this.#heldCount > this.#limits.maxReplayEventsPerSession
    )
  }

  #dropOldest(): boolean {
    for (const stream of this.#posts?.values() ?? []) {
      if (stream.dropOldest()) return true
    }
    return this.#standalone?.dropOldest() ?? false
  }
}
