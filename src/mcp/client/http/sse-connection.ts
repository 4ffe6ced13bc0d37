import type { HttpResponse } from '../../../net/http-message.ts'
import type { EdgeContext } from '../context.ts'
import type { Ticking } from '../ticker.ts'

/**
 * One HTTP response that is an event stream: heads, events, comments when nothing else was sent, and an end. A client
 * that does not read is cut, so that it cannot fill our memory.
 */
export class SseConnection implements Ticking {
  place = -1
  readonly #context: EdgeContext
  readonly #response: HttpResponse
  #lastMs = performance.now()
  #open = true
  /** It answers nothing: its client can wait on another replica as well. */
  waitsOnly = false
  /** Called once when the client is gone; not after `end`. */
  onGone: (() => void) | undefined

  constructor(context: EdgeContext, response: HttpResponse) {
    this.#context = context
    this.#response = response
    response.writeHead(200, [
      'Content-Type',
      'text/event-stream',
      'Cache-Control',
      'no-cache, no-transform',
      'X-Accel-Buffering',
      'no',
    ])
    response.flushHeaders()
    response.on('close', () => this.#gone())
    if (response.destroyed) this.#open = false
    else {
      context.slowTicker.add(this)
      context.connections.add(this)
    }
  }

  get open(): boolean {
    return this.#open
  }

  /** Writes complete lines of the event stream format. */
  write(lines: string | Buffer): void {
    if (!this.#open) return
    this.#lastMs = performance.now()
    this.#response.write(lines)
    this.#context.unsent.wrote(this.#response)
    if (this.#response.writableLength > this.#context.limits.maxUnsentBytes) {
      this.#context.log.warn({}, 'Cut an event stream that its client does not read')
      this.#response.destroy()
    }
  }

  end(): void {
    if (!this.#open) return
    this.#forget()
    this.#response.end()
  }

  /** Ends it so that the client comes back after that time, here or elsewhere (event stream format, `retry`). */
  sendAway(retryMs: number): void {
    this.write(`retry: ${retryMs}\n\n`)
    this.hangUp()
  }

  /** Ends it as if the client had gone. */
  hangUp(): void {
    this.#gone()
    this.#response.end()
  }

  tick(nowMs: number): void {
    if (nowMs - this.#lastMs >= this.#context.limits.keepAliveMs) this.write(': keep-alive\n\n')
  }

  #gone(): void {
    if (!this.#open) return
    this.#forget()
    this.onGone?.()
  }

  #forget(): void {
    this.#open = false
    this.#context.slowTicker.delete(this)
    this.#context.connections.delete(this)
  }
}

/** One `message` event. Line breaks in JSON are white space, in the event stream format they end a line. */
export function toEvent(body: readonly Buffer[], id?: string, name = 'message'): Buffer {
  const head = id === undefined ? `event: ${name}\ndata: ` : `id: ${id}\nevent: ${name}\ndata: `
  return Buffer.concat([Buffer.from(head), ...body.map(onOneLine), EVENT_END])
}

/** JSON bytes without line breaks; the same buffer if it has none. */
export function onOneLine(json: Buffer): Buffer {
  if (!json.includes(0x0a) && !json.includes(0x0d)) return json
  const copy = Buffer.from(json)
  for (let i = 0; i < copy.length; i++) {
    if (copy[i] === 0x0a || copy[i] === 0x0d) copy[i] = 0x20
  }
  return copy
}

const EVENT_END = Buffer.from('\n\n')
