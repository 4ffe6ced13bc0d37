import type { EventSink } from '../http/http-exchange.ts'
import { toEvent } from '../http/sse-connection.ts'
import type { SseConnection } from '../http/sse-connection.ts'
import type { RequestId } from '../../messages.ts'

/** What a stream needs of the session it belongs to. */
interface StreamOwner {
  readonly epoch: string
  readonly retryMs: number
  readonly primes: boolean
  joined(): void
  left(): void
  sent(stream: ReplayStream, seq: number, body: readonly Buffer[]): void
  added(stream: ReplayStream, bytes: number): void
  dropped(stream: ReplayStream, bytes: number, count: number): void
  finished(stream: ReplayStream): void
  forgotten(stream: ReplayStream): void
}

const NONE: readonly RequestId[] = []

interface Event {
  readonly seq: number
  readonly bytes: Buffer
}

/**
 * One event stream of a legacy session, longer-lived than the connection that carries it: what is sent while the client
 * is away is kept, and a GET with `Last-Event-ID` goes on where it left off (2025-11-25 transports, "Resumability").
 */
export class ReplayStream implements EventSink {
  /** Never called: a client that is gone can come back. */
  onGone: (() => void) | undefined
  /** Monotonic time of the end; Infinity while the stream can go on. */
  finishedMs = Infinity
  heldBytes = 0
  readonly number: number
  /** What it answers. */
  readonly requests: readonly RequestId[]
  readonly #streams: StreamOwner
  #events: Event[] = []
  #seq = 0
  #carriedSeq = 0
  #connection: SseConnection | undefined

  constructor(streams: StreamOwner, number: number, requests: readonly RequestId[] = NONE) {
    this.#streams = streams
    this.number = number
    this.requests = requests
  }

  /** Number of the newest event that a connection has carried: who comes without an event id goes on behind it. */
  get carriedSeq(): number {
    return this.#carriedSeq
  }

  /** Carries on over this connection, after the event `after`; the one before it is ended. */
  attach(connection: SseConnection, after: number): void {
    this.#connection?.end()
    this.#leave()
    this.#connection = connection
    this.#streams.joined()
    connection.onGone = () => this.#leave(connection)
    const { retryMs } = this.#streams
    if (this.#streams.primes) {
      connection.write(`id: ${this.#id(after)}\nretry: ${retryMs}\ndata: \n\n`)
    }
    for (const { seq, bytes } of this.#events) {
      if (seq > after) connection.write(bytes)
    }
    this.#carriedSeq = this.#seq
    if (this.finishedMs !== Infinity) this.hangUp()
  }

  send(body: readonly Buffer[]): void {
    if (this.finishedMs !== Infinity) return
    const seq = ++this.#seq
    const bytes = toEvent(body, this.#id(seq))
    this.#events.push({ seq, bytes })
    this.heldBytes += bytes.length
    if (this.#connection) {
      this.#connection.write(bytes)
      this.#carriedSeq = seq
    }
    this.#streams.sent(this, seq, body)
    this.#streams.added(this, bytes.length)
  }

  /** After the last response: what was not fetched stays for a while. */
  end(): void {
    if (this.finishedMs !== Infinity) return
    this.finishedMs = performance.now()
    this.hangUp()
    this.#streams.finished(this)
  }

  closeStream(retryMs: number): void {
    if (!this.#connection || !this.#streams.primes) return
    this.#connection.write(`retry: ${retryMs}\n\n`)
    this.hangUp()
  }

  /** Ends the connection; the stream goes on. */
  hangUp(): void {
    this.#connection?.end()
    this.#leave()
  }

  /** Gives up the oldest event; false if there is none. */
  dropOldest(): boolean {
    const oldest = this.#events.shift()
    if (!oldest) return false
    this.#dropped(oldest.bytes.length, 1)
    if (this.#events.length === 0 && this.finishedMs !== Infinity) this.forget()
    return true
  }

  /** Gives up all its events; a finished stream is nothing without them. */
  dropAll(): void {
    if (this.finishedMs === Infinity) this.#dropEvents()
    else this.forget()
  }

  /** Nobody will come back for it. */
  forget(): void {
    this.finishedMs = Math.min(this.finishedMs, performance.now())
    this.hangUp()
    this.#dropEvents()
    this.#streams.forgotten(this)
  }

  #dropEvents(): void {
    const count = this.#events.length
    this.#events = []
    this.#dropped(this.heldBytes, count)
  }

  /** `from`: only if that is still the connection in use. */
  #leave(from = this.#connection): void {
    if (!this.#connection || this.#connection !== from) return
    this.#connection = undefined
    this.#streams.left()
  }

  #dropped(bytes: number, count: number): void {
    this.heldBytes -= bytes
    this.#streams.dropped(this, bytes, count)
  }

  #id(seq: number): string {
    return `${this.#streams.epoch}.${this.number}.${seq}`
  }
}
