import type { HttpResponse } from '../../../net/http-message.ts'
import type { JsonObject } from '../../../base/json.ts'
import type { EdgeContext } from '../context.ts'
import type { Exchange } from '../exchange.ts'
import { answerJson } from './http-answer.ts'
import type { Ticking } from '../ticker.ts'

/** What carries the messages of a POST once it has become an event stream. */
export interface EventSink {
  send(body: readonly Buffer[]): void
  /** After the last response. */
  end(): void
  closeStream?(retryMs: number): void
  /** The client went away; not called by sinks it can come back to. */
  onGone: (() => void) | undefined
}

/** What the client's Accept header allows; `sse-first`: both, and it names event streams first. */
export type Accepts = 'both' | 'json' | 'sse' | 'sse-first'

export interface HttpExchangeOptions {
  readonly accepts: Accepts
  /** An answer that takes longer comes on an event stream. */
  readonly upgradeMs: number
  /** Answers expected: more than one for a batch, which is answered by an array. */
  readonly batchSize?: number
  /** Begins the event stream on the response. */
  openSink(response: HttpResponse): EventSink
}

/**
 * The answer to a POST: plain JSON if the response comes before anything had to be streamed, an event stream from the
 * first notification or question on, or when the response takes long (2025-03-26 and later transports).
 */
export class HttpExchange implements Exchange, Ticking {
  readonly answersCancelled = true
  place = -1
  readonly #context: EdgeContext
  readonly #response: HttpResponse
  readonly #options: HttpExchangeOptions
  readonly #startMs: number
  #expected: number
  #collected: (readonly Buffer[])[] | undefined
  #state: 'pending' | 'stream' | 'done' = 'pending'
  #sink: EventSink | undefined
  onGone: (() => void) | undefined

  constructor(context: EdgeContext, response: HttpResponse, options: HttpExchangeOptions) {
    this.#context = context
    this.#startMs = context.ticker.nowMs
    this.#response = response
    this.#options = options
    this.#expected = options.batchSize ?? 1
    response.on('close', () => this.#closed())
    if (options.accepts === 'both') context.ticker.add(this)
    else if (options.accepts !== 'json') this.#upgrade()
  }

  get source(): string | undefined {
    return this.#context.addresses.of(this.#response.req)
  }

  send(message: JsonObject): boolean {
    if (this.#state === 'done' || this.#options.accepts === 'json') return false
    this.#upgrade()
    this.#sink?.send([Buffer.from(JSON.stringify(message))])
    return true
  }

  respond(body: readonly Buffer[], status = 200, headers?: readonly string[]): void {
    if (this.#state === 'done') return
    this.#expected--
    if (this.#sink) this.#sink.send(body)
    else if (this.#options.batchSize !== undefined) (this.#collected ??= []).push(body)
    else this.#answer(status, body, headers)
    if (this.#expected > 0) return
    if (this.#sink) this.#sink.end()
    else if (this.#collected) this.#answer(200, asArray(this.#collected))
    this.#state = 'done'
    this.onGone = undefined
  }

  closeStream(retryMs: number): void {
    if (this.#state === 'done' || this.#options.accepts === 'json') return
    this.#upgrade()
    this.#sink?.closeStream?.(retryMs)
  }

  tick(nowMs: number): void {
    if (nowMs - this.#startMs >= this.#options.upgradeMs) this.#upgrade()
  }

  #answer(status: number, body: readonly Buffer[], headers?: readonly string[]): void {
    this.#context.ticker.delete(this)
    answerJson(this.#response, status, body, headers)
    this.#context.unsent.wrote(this.#response)
  }

  #upgrade(): void {
    if (this.#state !== 'pending') return
    this.#state = 'stream'
    this.#context.ticker.delete(this)
    const sink = this.#options.openSink(this.#response)
    this.#sink = sink
    sink.onGone = () => this.#gone()
    for (const body of this.#collected ?? []) sink.send(body)
    this.#collected = undefined
  }

  /** The response ended or the client is gone, before it became a stream. */
  #closed(): void {
    if (this.#state === 'pending') this.#gone()
  }

  #gone(): void {
    this.#context.ticker.delete(this)
    this.#state = 'done'
    const onGone = this.onGone
    this.onGone = undefined
    onGone?.()
  }
}

function asArray(bodies: (readonly Buffer[])[]): Buffer[] {
  const chunks: Buffer[] = [OPEN]
  bodies.forEach((body, i) => {
    if (i > 0) chunks.push(COMMA)
    chunks.push(...body)
  })
  chunks.push(CLOSE)
  return chunks
}

const OPEN = Buffer.from('[')
const COMMA = Buffer.from(',')
const CLOSE = Buffer.from(']')
