import type { Socket } from 'node:net'
import { STATUS_CODES } from 'node:http'
import type { HttpResponse } from '../http-message.ts'
import type { LeanRequest } from './lean-request.ts'

/** What a response needs of its connection. */
export interface ResponseOwner {
  /** The fields every response has, and the empty line. */
  headEnd(closes: boolean): string
  /** Nothing more will be written. `closes`: the client was told that the connection ends. */
  ended(response: LeanResponse, closes: boolean): void
}

const UNFIT = /[^\t\x20-\x7e\x80-\xff]/
const CRLF = '\r\n'
const JOIN_BELOW_BYTES = 16 * 1024
const LAST_CHUNK = '0\r\n\r\n'

/** The answer to a LeanRequest: with the length its head names, in chunks if it names none. */
export class LeanResponse implements HttpResponse {
  readonly req: LeanRequest
  readonly socket: Socket
  headersSent = false
  writableEnded = false
  closed = false
  readonly #owner: ResponseOwner
  #extra: string | undefined
  /** Written with the first bytes of the body. */
  #head = ''
  #isChunked = false
  #closes = false
  #onClose: (() => void) | undefined
  #alsoOnClose: (() => void)[] | undefined

  constructor(request: LeanRequest, owner: ResponseOwner) {
    this.req = request
    this.socket = request.socket
    this.#owner = owner
  }

  get destroyed(): boolean {
    return this.socket.destroyed
  }

  get writableLength(): number {
    return this.socket.writableLength
  }

  setHeader(name: string, value: string): void {
    this.#extra = (this.#extra ?? '') + this.#field(name, value)
  }

  writeHead(status: number, headers: readonly string[]): void {
    if (this.headersSent) throw new Error('The head of the response was written already')
    let hasLength = false
    let text = status === 200 ? OK : `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n`
    for (let at = 0; at + 1 < headers.length; at += 2) {
      const name = headers[at]!
      if (isNamed(name, 'content-length')) hasLength = true
      text += this.#field(name, headers[at + 1]!)
    }
    if (this.#extra !== undefined) text += this.#extra
    this.#isChunked = !hasLength && status !== 204 && status !== 304
    if (this.#isChunked) text += 'Transfer-Encoding: chunked\r\n'
    this.#head = text + this.#owner.headEnd(this.#closes)
    this.headersSent = true
  }

  flushHeaders(): void {
    if (this.#head === '' || this.destroyed) return
    this.socket.write(this.#head, 'latin1')
    this.#head = ''
  }

  cork(): void {
    this.socket.cork()
  }

  uncork(): void {
    this.socket.uncork()
  }

  write(chunk: string | Buffer): boolean {
    if (this.destroyed || this.writableEnded || chunk.length === 0) return false
    const { socket } = this
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    const size = this.#isChunked ? bytes.length.toString(16) + CRLF : ''
    const end = this.#isChunked ? CRLF : ''
    if (bytes.length < JOIN_BELOW_BYTES) {
      // One string of characters that stand for bytes costs less than three pieces.
      socket.write(this.#head + size + bytes.toString('latin1') + end, 'latin1')
    } else {
      socket.cork()
      const start = this.#head + size
      if (start !== '') socket.write(start, 'latin1')
      socket.write(bytes)
      if (end !== '') socket.write(end, 'latin1')
      socket.uncork()
    }
    this.#head = ''
    return !socket.writableNeedDrain
  }

  end(chunk?: string | Buffer, encoding: 'latin1' | 'utf8' = 'utf8'): void {
    if (this.writableEnded) return
    if (!this.destroyed) this.#writeLast(chunk, encoding)
    this.writableEnded = true
    this.#owner.ended(this, this.#closes)
  }

  /** One listener is the rule; it is called once, whichever way it was added. */
  on(_: 'close', listener: () => void): void {
    if (this.#onClose === undefined) this.#onClose = listener
    else (this.#alsoOnClose ??= []).push(listener)
  }

  once(event: 'close' | 'drain', listener: () => void): void {
    if (event === 'drain') this.socket.once('drain', listener)
    else this.on(event, listener)
  }

  destroy(): void {
    this.socket.destroy()
  }

  /** Tells who listens, once. */
  close(): void {
    if (this.closed) return
    this.closed = true
    this.#onClose?.()
    for (const listener of this.#alsoOnClose ?? []) listener()
  }

  #writeLast(chunk: string | Buffer | undefined, encoding: 'latin1' | 'utf8'): void {
    const { socket } = this
    if (!this.#isChunked && typeof chunk === 'string' && encoding === 'latin1') {
      socket.write(this.#head + chunk, 'latin1')
      this.#head = ''
      return
    }
    socket.cork()
    if (chunk !== undefined)
      this.write(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk)
    this.flushHeaders()
    if (this.#isChunked) socket.write(LAST_CHUNK, 'latin1')
    socket.uncork()
  }

  #field(name: string, value: string): string {
    if (UNFIT.test(value))
      throw new TypeError(`The header ${name} has characters no header may have`)
    if (isNamed(name, 'connection') && value === 'close') {
      this.#closes = true
      return ''
    }
    return `${name}: ${value}\r\n`
  }
}

function isNamed(name: string, wanted: string): boolean {
  return name.length === wanted.length && name.toLowerCase() === wanted
}

const OK = 'HTTP/1.1 200 OK\r\n'
