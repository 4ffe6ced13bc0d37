import type { CallDispatcher, CallHandler, HttpCall } from '../http-call.ts'
import {
  ClientConnection,
  type ConnectionOwner,
  type ConnectionTarget,
} from './client-connection.ts'
import { toBytes, type RequestBytes } from './request-bytes.ts'

export interface LeanPoolOptions {
  /** `http://host:port`, as `URL.origin` gives it. */
  readonly origin: string
  readonly connectTimeoutMs: number
  readonly maxConnections: number
}

interface Waiting {
  readonly bytes: RequestBytes
  readonly handler: CallHandler
}

const SWEEP_MS = 500

/** Connections to one plain HTTP server, kept alive; calls wait in line when all are busy. */
export class LeanPool implements CallDispatcher, ConnectionOwner {
  readonly #target: ConnectionTarget
  readonly #authority: string
  readonly #maxConnections: number
  /** Used from the end: the fewest connections stay warm. */
  readonly #idle: ClientConnection[] = []
  /**
   * Free since this turn of the loop. Some servers end a connection they said they would keep; what they say arrives with the
   * next turn, and a call sent before would be lost.
   */
  #resting: ClientConnection[] = []
  readonly #all = new Set<ClientConnection>()
  readonly #queue: Waiting[] = []
  #connecting = 0
  #sweeper: NodeJS.Timeout | undefined
  #closed = false

  constructor({ origin, connectTimeoutMs, maxConnections }: LeanPoolOptions) {
    const url = new URL(origin)
    this.#target = {
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? 80 : Number(url.port),
      connectTimeoutMs,
    }
    this.#authority = url.host
    this.#maxConnections = maxConnections
  }

  dispatch(call: HttpCall, handler: CallHandler): void {
    if (this.#closed) return fail(handler, new Error('the pool is closed'))
    let bytes: RequestBytes
    try {
      bytes = toBytes(call, this.#authority)
    } catch (error) {
      return fail(handler, error as Error)
    }
    const connection = this.#queue.length === 0 ? this.#takeIdle() : undefined
    if (connection) connection.send(bytes, handler)
    else this.#enqueue({ bytes, handler })
  }

  connected(connection: ClientConnection): void {
    this.#connecting--
    this.#idle.push(connection)
    this.#serve()
  }

  free(connection: ClientConnection): void {
    if (this.#resting.push(connection) === 1) setImmediate(() => this.#rested())
  }

  gone(connection: ClientConnection, error: Error | undefined): void {
    this.#all.delete(connection)
    remove(this.#idle, connection)
    remove(this.#resting, connection)
    if (error !== undefined) {
      this.#connecting--
      const waiting = this.#queue.shift()
      if (waiting) fail(waiting.handler, error)
    }
    this.#open()
  }

  /** Ends all connections; calls that wait or run fail. */
  async destroy(): Promise<void> {
    this.#closed = true
    clearInterval(this.#sweeper)
    const error = new Error('the pool is closed')
    for (const { handler } of this.#queue.splice(0)) fail(handler, error)
    for (const connection of [...this.#all]) connection.destroy(error)
  }

  #takeIdle(): ClientConnection | undefined {
    for (;;) {
      const connection = this.#idle.pop()
      if (connection === undefined || connection.isIdle) return connection
    }
  }

  #enqueue(waiting: Waiting): void {
    this.#queue.push(waiting)
    waiting.handler.onRequestStart({
      abort: (reason) => {
        if (remove(this.#queue, waiting)) fail(waiting.handler, reason)
      },
    })
    this.#open()
  }

  /** As many connections as there are calls that nobody will soon be free for. */
  #open(): void {
    if (this.#closed) return
    const wanted = this.#queue.length - this.#resting.length
    while (this.#connecting < wanted && this.#all.size < this.#maxConnections) {
      this.#connecting++
      this.#all.add(new ClientConnection(this.#target, this))
      this.#sweeper ??= setInterval(() => this.#sweep(), SWEEP_MS).unref()
    }
  }

  #rested(): void {
    const rested = this.#resting
    this.#resting = []
    for (const connection of rested) if (connection.isIdle) this.#idle.push(connection)
    this.#serve()
  }

  #serve(): void {
    while (this.#queue.length > 0) {
      const connection = this.#takeIdle()
      if (connection === undefined) break
      const { bytes, handler } = this.#queue.shift()!
      connection.send(bytes, handler)
    }
    if (this.#queue.length > 0) this.#open()
  }

  #sweep(): void {
    for (const connection of [...this.#idle]) {
      connection.idleMs += SWEEP_MS
      if (connection.idleMs + SWEEP_MS > connection.keepAliveMs) connection.destroy()
    }
    if (this.#all.size === 0) {
      clearInterval(this.#sweeper)
      this.#sweeper = undefined
    }
  }
}

const NOBODY = { abort() {} }

function fail(handler: CallHandler, error: Error): void {
  handler.onResponseError(NOBODY, error)
}

function remove<T>(list: T[], item: T): boolean {
  const at = list.lastIndexOf(item)
  if (at < 0) return false
  list.splice(at, 1)
  return true
}
