import type { HttpRequest, HttpResponse } from '../../../net/http-message.ts'
import { ByteList } from '../../../net/byte-list.ts'
import type { ClientLimits } from '../../client-limits.ts'
import type { BodyBudget } from './body-budget.ts'
import type { Ticker, Ticking } from '../ticker.ts'

/**
 * `gone`: the client went away in the middle; there is nobody to answer. `too-many`: others send large bodies, too, and
 * there is no room for this one. `in-crumbs`: it comes in pieces of a few bytes, each of which costs as much as a large one.
 */
export type Body = Buffer | 'in-crumbs' | 'too-large' | 'too-many' | 'too-slow' | 'gone'

/** So many pieces may be smaller than that on average. */
const MAX_CRUMBS = 5_000
const CRUMB_BYTES = 64

interface BodyContext {
  readonly limits: ClientLimits
  readonly ticker: Ticker
  readonly bodies: BodyBudget
}

/** Reads a request body whole, bounded in size and time. Calls `done` exactly once. */
export function readBody(
  request: HttpRequest,
  response: HttpResponse,
  { limits, ticker, bodies }: BodyContext,
  done: (body: Body) => void,
): void {
  const announced = request.headers['content-length']
  if (announced !== undefined && Number(announced) > limits.maxBodyBytes) {
    request.resume()
    done('too-large')
    return
  }
  const { whole } = request
  if (whole !== undefined) {
    const hasRoom = bodies.grow(0, whole.length)
    bodies.release(whole.length, hasRoom ? response : undefined)
    done(hasRoom ? whole : 'too-many')
    return
  }
  const reader = new BodyReader(request, response, { limits, ticker, bodies }, done)
  request.on('data', (chunk: Buffer) => reader.add(chunk))
  request.on('end', () => reader.finish())
  request.on('close', () => reader.settle('gone'))
  request.on('error', () => reader.settle('gone'))
}

class BodyReader implements Ticking {
  place = -1
  readonly #request: HttpRequest
  readonly #response: HttpResponse
  readonly #limits: ClientLimits
  readonly #ticker: Ticker
  readonly #bodies: BodyBudget
  readonly #startMs: number
  #done: ((body: Body) => void) | undefined
  #first: Buffer | undefined
  #more: ByteList | undefined
  #size = 0
  #pieces = 0

  constructor(
    request: HttpRequest,
    response: HttpResponse,
    { limits, ticker, bodies }: BodyContext,
    done: (body: Body) => void,
  ) {
    this.#request = request
    this.#response = response
    this.#bodies = bodies
    this.#limits = limits
    this.#ticker = ticker
    this.#startMs = ticker.nowMs
    this.#done = done
    ticker.add(this)
  }

  add(chunk: Buffer): void {
    if (!this.#done) return
    const before = this.#size
    this.#size += chunk.length
    const hasRoom = this.#bodies.grow(before, this.#size)
    if (++this.#pieces > MAX_CRUMBS && this.#size < this.#pieces * CRUMB_BYTES) {
      this.settle('in-crumbs')
    } else if (this.#size > this.#limits.maxBodyBytes) {
      this.settle('too-large')
    } else if (!hasRoom) {
      this.settle('too-many')
    } else if (this.#first === undefined) {
      this.#first = chunk
    } else {
      if (!this.#more) {
        this.#more = new ByteList()
        this.#more.push(this.#first)
      }
      this.#more.push(chunk)
    }
  }

  finish(): void {
    this.settle(this.#more?.take() ?? this.#first ?? EMPTY)
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
    this.#bodies.release(this.#size, typeof body === 'string' ? undefined : this.#response)
    // The rest of a refused body is not worth memory; the answer closes the connection.
    if (typeof body === 'string') this.#request.resume()
    done(body)
  }
}

const EMPTY = Buffer.alloc(0)
