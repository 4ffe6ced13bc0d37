import type { IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import type { HttpRequest } from '../http-message.ts'

/** So much of a body waits for its reader before the connection is no longer read. */
const MAX_WAITING_BYTES = 64 * 1024

/** A request whose head has been read; its connection hands it the pieces of its body. */
export class LeanRequest implements HttpRequest {
  readonly method = 'POST'
  readonly url: string
  headers: IncomingHttpHeaders
  readonly socket: Socket
  readonly whole: Buffer | undefined
  #missing: number
  #waiting: Buffer[] | undefined
  #waitingBytes = 0
  #flows = false
  #onData: ((chunk: Buffer) => void) | undefined
  #onEnd: (() => void) | undefined
  #onClose: (() => void) | undefined

  constructor(
    url: string,
    headers: IncomingHttpHeaders,
    socket: Socket,
    bodyBytes: number,
    whole: Buffer | undefined,
  ) {
    this.url = url
    this.headers = headers
    this.socket = socket
    this.whole = whole
    this.#missing = whole === undefined ? bodyBytes : 0
  }

  /** Bytes of the body that have not come. */
  get missing(): number {
    return this.#missing
  }

  on(event: 'data', listener: (chunk: Buffer) => void): void
  on(event: 'end' | 'close' | 'error', listener: () => void): void
  on(
    event: 'data' | 'end' | 'close' | 'error',
    listener: (() => void) | ((chunk: Buffer) => void),
  ): void {
    if (event === 'data') this.#onData = listener
    else if (event === 'end') {
      this.#onEnd = listener as () => void
      this.resume()
    } else if (event === 'close') this.#onClose = listener as () => void
  }

  resume(): void {
    this.#flows = true
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    this.#waitingBytes = 0
    for (const chunk of waiting) this.#onData?.(chunk)
    if (this.#missing === 0) this.#onEnd?.()
    else if (this.socket.isPaused()) this.socket.resume()
  }

  /** A piece of the body, not more than is missing. */
  push(chunk: Buffer): void {
    this.#missing -= chunk.length
    if (!this.#flows) {
      ;(this.#waiting ??= []).push(chunk)
      this.#waitingBytes += chunk.length
      if (this.#waitingBytes > MAX_WAITING_BYTES && this.#missing > 0) this.socket.pause()
      return
    }
    this.#onData?.(chunk)
    if (this.#missing === 0) this.#onEnd?.()
  }

  /** The connection is gone. */
  gone(): void {
    if (this.#missing > 0) this.#onClose?.()
  }
}
