import type { IncomingMessage } from 'node:http'
import type { ClientLimits } from '../client-limits.ts'
import type { Ticker, Ticking } from './ticker.ts'

/** `gone`: the client went away in the middle; there is nobody to answer. */
export type Body = Buffer | 'too-large' | 'too-slow' | 'gone'

/** Reads a request body whole, bounded in size and time. Calls `done` exactly once. */
export function readBody(
  request: IncomingMessage,
  limits: ClientLimits,
  ticker: Ticker,
  done: (body: Body) => void,
): void {
  const announced = request.headers['content-length']
  if (announced !== undefined && Number(announced) > limits.maxBodyBytes) {
    request.resume()
    done('too-large')
    return
  }
  const reader = new BodyReader(request, limits, ticker, done)
  request.on('data', (chunk: Buffer) => reader.add(chunk))
  request.on('end', () => reader.finish())
  request.on('close', () => reader.settle('gone'))
  request.on('error', () => reader.settle('gone'))
}

class BodyReader implements Ticking {
  place = -1
  readonly #request: IncomingMessage
  readonly #limits: ClientLimits
  readonly #ticker: Ticker
  readonly #startMs: number
  #done: ((body: Body) => void) | undefined
  #first: Buffer | undefined
  #more: Buffer[] | undefined
  #size = 0

  constructor(
    request: IncomingMessage,
    limits: ClientLimits,
    ticker: Ticker,
    done: (body: Body) => void,
  ) {
    this.#request = request
    this.#limits = limits
    this.#ticker = ticker
    this.#startMs = ticker.nowMs
    this.#done = done
    ticker.add(this)
  }

  add(chunk: Buffer): void {
    if (!this.#done) return
    this.#size += chunk.length
    if (this.#size > this.#limits.maxBodyBytes) {
      this.settle('too-large')
    } else if (this.#first === undefined) {
      this.#first = chunk
    } else {
      this.#more ??= [this.#first]
      this.#more.push(chunk)
    }
  }

  finish(): void {
    this.settle(this.#more ? Buffer.concat(this.#more, this.#size) : (this.#first ?? EMPTY))
  }

  tick(nowMs: number): void {
    if (nowMs - this.#startMs >= this.#limits.bodyTimeoutMs) this.settle('too-slow')
  }

  settle(body: Body): void {
    const done = this.#done
    if (!done) return
    this.#done = undefined
    this.#first = this.#more = undefined
    this.#ticker.delete(this)
    // The rest of a refused body is not worth memory; the answer closes the connection.
    if (typeof body === 'string') this.#request.resume()
    done(body)
  }
}

const EMPTY = Buffer.alloc(0)
