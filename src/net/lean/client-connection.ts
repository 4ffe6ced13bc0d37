import { connect, type Socket } from 'node:net'
import type { CallController, CallHandler } from '../http-call.ts'
import { ChunkedBody } from './chunked-body.ts'
import { readResponseHead, type ResponseHead } from './response-head.ts'
import type { RequestBytes } from './request-bytes.ts'

/** What a connection tells its pool. */
export interface ConnectionOwner {
  connected(connection: ClientConnection): void
  /** It can take another call. */
  free(connection: ClientConnection): void
  /** It has ended; `error` if it never was connected. */
  gone(connection: ClientConnection, error: Error | undefined): void
}

export interface ConnectionTarget {
  readonly host: string
  readonly port: number
  readonly connectTimeoutMs: number
}

const DEFAULT_KEEP_ALIVE_MS = 4000
/** So much earlier than the server we give up an idle connection: its end may be under way. */
const KEEP_ALIVE_MARGIN_MS = 2000
const MAX_KEEP_ALIVE_MS = 600_000
const MAX_INTERIM = 20
/** A machine that vanishes says no goodbye, and a call may wait for it without a time-out of its own. */
const PROBES = { keepAlive: true, keepAliveInitialDelay: 30_000 }

/** One connection to a server, one call at a time. */
export class ClientConnection implements CallController {
  /** Idle for that long; kept by the pool. */
  idleMs = 0
  /** It may be used again after being idle for less than that. */
  keepAliveMs = DEFAULT_KEEP_ALIVE_MS
  readonly #socket: Socket
  readonly #owner: ConnectionOwner
  #connecting: NodeJS.Timeout | undefined
  #isConnected = false
  #error: Error | undefined
  #handler: CallHandler | undefined
  /** Of the response that is being read; before that, of the one before: servers repeat themselves. */
  #head: ResponseHead | undefined
  #inBody = false
  #interim = 0
  #missing = 0
  #chunks: ChunkedBody | undefined
  #rest: Buffer | undefined

  constructor(target: ConnectionTarget, owner: ConnectionOwner) {
    this.#owner = owner
    const { host, port, connectTimeoutMs } = target
    const socket = connect({ host, port, noDelay: true, ...PROBES })
    this.#socket = socket
    this.#connecting = setTimeout(() => {
      socket.destroy(new Error(`no connection within ${connectTimeoutMs} ms`))
    }, connectTimeoutMs)
    socket.on('connect', () => {
      clearTimeout(this.#connecting)
      this.#isConnected = true
      owner.connected(this)
    })
    socket.on('data', (chunk) => this.#read(chunk))
    socket.on('error', (error) => (this.#error ??= error))
    socket.on('end', () => this.#readEnd())
    socket.on('close', () => this.#closed())
  }

  get isIdle(): boolean {
    return this.#isConnected && this.#handler === undefined && !this.#socket.destroyed
  }

  /** Sends a request; the connection has to be idle. */
  send({ head, body }: RequestBytes, handler: CallHandler): void {
    this.idleMs = 0
    this.#handler = handler
    handler.onRequestStart(this)
    if (this.#socket.destroyed) return
    if (body === undefined) this.#socket.write(head, 'latin1')
    else {
      this.#socket.cork()
      this.#socket.write(head, 'latin1')
      this.#socket.write(body, 'utf8')
      this.#socket.uncork()
    }
    handler.onRequestSent()
  }

  abort(reason: Error): void {
    this.destroy(reason)
  }

  destroy(reason?: Error): void {
    this.#error ??= reason
    this.#socket.destroy()
    this.#fail()
  }

  #read(chunk: Buffer): void {
    if (this.#handler === undefined) {
      // Nothing was asked: whatever this is belongs to no call.
      this.#socket.destroy()
      return
    }
    try {
      this.#take(this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]))
    } catch (error) {
      this.destroy(error as Error)
    }
  }

  #take(bytes: Buffer): void {
    this.#rest = undefined
    let left: Buffer | undefined = bytes
    while (left !== undefined && !this.#socket.destroyed) {
      left = this.#inBody ? this.#takeBody(left) : this.#takeHead(left)
    }
  }

  /** What comes after the head; undefined: nothing, yet. */
  #takeHead(bytes: Buffer): Buffer | undefined {
    const known = this.#head
    const head =
      known !== undefined && startsWith(bytes, known.bytes) ? known : readResponseHead(bytes)
    if (head === undefined) {
      this.#rest = bytes
      return undefined
    }
    if (head.status === 101) throw new Error('it switches to another protocol unasked')
    this.#handler!.onResponseStart(this, head.status, head.headers)
    const left = bytes.length > head.bytes.length ? bytes.subarray(head.bytes.length) : undefined
    if (head.status < 200) {
      if (++this.#interim > MAX_INTERIM) throw new Error('it sends interim responses without end')
      return left
    }
    this.#interim = 0
    this.#head = head
    this.#inBody = true
    const { body } = head
    this.#missing = typeof body === 'number' ? body : Infinity
    this.#chunks = undefined
    if (body === 'chunked') this.#chunks = new ChunkedBody((chunk) => this.#tell(chunk))
    if (body === 0) return this.#finish(left)
    return left
  }

  #takeBody(bytes: Buffer): Buffer | undefined {
    if (this.#chunks) {
      const end = this.#chunks.push(bytes)
      if (end === undefined) return undefined
      return this.#finish(end < bytes.length ? bytes.subarray(end) : undefined)
    }
    if (bytes.length < this.#missing) {
      this.#missing -= bytes.length
      this.#tell(bytes)
      return undefined
    }
    const end = this.#missing
    this.#tell(end === bytes.length ? bytes : bytes.subarray(0, end))
    return this.#finish(end < bytes.length ? bytes.subarray(end) : undefined)
  }

  #tell(chunk: Buffer): void {
    this.#handler?.onResponseData(this, chunk)
  }

  /** The response is whole. What is left would be an answer to nothing. */
  #finish(left: Buffer | undefined): undefined {
    const handler = this.#handler
    if (handler === undefined) return undefined
    const { keepsAlive, keepAliveMs = DEFAULT_KEEP_ALIVE_MS + KEEP_ALIVE_MARGIN_MS } = this.#head!
    this.keepAliveMs = Math.min(keepAliveMs - KEEP_ALIVE_MARGIN_MS, MAX_KEEP_ALIVE_MS)
    this.#inBody = false
    this.#chunks = undefined
    this.#handler = undefined
    if (!keepsAlive || left !== undefined || this.keepAliveMs <= 0) this.#socket.destroy()
    else this.#owner.free(this)
    handler.onResponseEnd(this, NO_TRAILERS)
    return undefined
  }

  #readEnd(): void {
    const isWhole = this.#inBody && this.#head?.body === 'to-end'
    if (isWhole) this.#finish(EMPTY)
    else this.destroy(this.#handler && new Error('the connection was closed'))
  }

  #closed(): void {
    clearTimeout(this.#connecting)
    this.#error ??= new Error('the connection was closed')
    this.#fail()
    this.#owner.gone(this, this.#isConnected ? undefined : this.#error)
  }

  #fail(): void {
    const handler = this.#handler
    this.#handler = undefined
    handler?.onResponseError(this, this.#error ?? new Error('the connection was closed'))
  }
}

const EMPTY = Buffer.alloc(0)
const NO_TRAILERS = {}

function startsWith(bytes: Buffer, head: Buffer): boolean {
  return bytes.length >= head.length && bytes.compare(head, 0, head.length, 0, head.length) === 0
}
