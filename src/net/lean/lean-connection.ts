import type { Socket } from 'node:net'
import type { Placed } from '../../base/dense-list.ts'
import { LeanRequest } from './lean-request.ts'
import { LeanResponse, type ResponseOwner } from './lean-response.ts'
import { parseHead, startsWith, type Head } from './parse-head.ts'

/** What the connections of one server share. */
export interface LeanHost {
  readonly path: string
  /** Connections end after the request they serve. */
  readonly closing: boolean
  headEnd(closes: boolean): string
  serve(request: LeanRequest, response: LeanResponse): void
  /** The connection has left: closed, or handed over. */
  left(connection: LeanConnection): void
  /** Gives the connection, from these bytes on, to the full parser. */
  handOver(socket: Socket): void
}

/** So much may come while a request is being answered before the connection is no longer read. */
const MAX_AHEAD_BYTES = 64 * 1024

/** Reads plain POSTs from one connection, one after the other; at anything else it hands the connection over for good. */
export class LeanConnection implements Placed, ResponseOwner {
  place = -1
  /** Nothing came since the last look; for whoever looks. */
  quietMs = 0
  /** At least one request was served. */
  served = false
  readonly #socket: Socket
  readonly #host: LeanHost
  readonly #onData = (chunk: Buffer): void => this.#read(chunk)
  readonly #onEnd = (): void => void this.#socket.end()
  readonly #onError = (): void => void this.#socket.destroy()
  readonly #onClose = (): void => this.#closed()
  readonly #onDrain = (): void => this.#advance()
  #head: Head | undefined
  #request: LeanRequest | undefined
  #response: LeanResponse | undefined
  /** What came after the current request. */
  #ahead: Buffer | undefined
  #advances = false

  constructor(socket: Socket, host: LeanHost) {
    this.#socket = socket
    this.#host = host
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
    socket.on('error', this.#onError)
    socket.on('close', this.#onClose)
    socket.on('drain', this.#onDrain)
  }

  get isIdle(): boolean {
    return this.#request === undefined
  }

  /** It is the client's turn: to ask, to send the rest of a body that nobody wants any more, or to take its answer. */
  get waitsForClient(): boolean {
    return this.#response === undefined || this.#response.writableEnded
  }

  destroy(): void {
    this.#socket.destroy()
  }

  headEnd(closes: boolean): string {
    return this.#host.headEnd(closes || this.#host.closing)
  }

  ended(response: LeanResponse, closes: boolean): void {
    void ENDED.then(() => response.close())
    if (closes || this.#host.closing) {
      this.#socket.destroySoon()
      return
    }
    this.#advance()
  }

  #read(chunk: Buffer): void {
    this.quietMs = 0
    const request = this.#request
    if (request === undefined && this.#ahead === undefined) this.#begin(chunk)
    else if (request !== undefined && request.missing > 0) this.#readBody(request, chunk)
    else this.#keep(chunk)
    this.#advance()
  }

  #readBody(request: LeanRequest, chunk: Buffer): void {
    const { missing } = request
    if (chunk.length > missing) {
      this.#keep(chunk.subarray(missing))
      request.push(chunk.subarray(0, missing))
    } else request.push(chunk)
  }

  #keep(chunk: Buffer): void {
    this.#ahead = this.#ahead === undefined ? chunk : Buffer.concat([this.#ahead, chunk])
    if (this.#ahead.length > MAX_AHEAD_BYTES) this.#socket.pause()
  }

  /** A request begins with this chunk. */
  #begin(chunk: Buffer): void {
    let head = this.#head
    if (head === undefined || !startsWith(chunk, head)) {
      head = parseHead(chunk, this.#host.path)
      if (head === undefined) return this.#handOver(chunk)
      this.#head = head
    }
    const { bytes, bodyBytes } = head
    const end = bytes.length + bodyBytes
    if (chunk.length > end) this.#keep(chunk.subarray(end))
    const whole = chunk.length < end ? undefined : chunk.subarray(bytes.length, end)
    const socket = this.#socket
    const request = new LeanRequest(this.#host.path, head.headers, socket, bodyBytes, whole)
    const response = new LeanResponse(request, this)
    this.#request = request
    this.#response = response
    this.served = true
    if (whole === undefined && chunk.length > bytes.length)
      request.push(chunk.subarray(bytes.length))
    this.#host.serve(request, response)
  }

  /** Goes on to what came ahead as soon as the current request is over. */
  #advance(): void {
    if (this.#advances) return
    this.#advances = true
    while (this.#isOver()) {
      this.#request = this.#response = undefined
      const ahead = this.#ahead
      this.#ahead = undefined
      if (ahead !== undefined) this.#begin(ahead)
      else {
        if (this.#socket.isPaused()) this.#socket.resume()
        break
      }
    }
    this.#advances = false
  }

  /** The answer is written, the body read, and the client takes what it is sent. */
  #isOver(): boolean {
    if (!this.#response?.writableEnded || this.#request!.missing > 0) return false
    if (this.#socket.destroyed) return false
    // What the kernel has taken does not count, though Node says until the next tick that it needs to drain.
    if (this.#socket.writableLength < this.#socket.writableHighWaterMark) return true
    this.#socket.pause()
    return false
  }

  #handOver(chunk: Buffer): void {
    const socket = this.#socket
    socket.pause()
    socket.off('data', this.#onData)
    socket.off('end', this.#onEnd)
    socket.off('error', this.#onError)
    socket.off('close', this.#onClose)
    socket.off('drain', this.#onDrain)
    this.#host.left(this)
    socket.unshift(chunk)
    this.#host.handOver(socket)
    socket.resume()
  }

  #closed(): void {
    this.#host.left(this)
    this.#request?.gone()
    this.#response?.close()
  }
}

const ENDED = Promise.resolve()
