import type { HttpResponse } from '../../../net/http-message.ts'
import type { Socket } from 'node:net'
import type { Logger } from '../../../telemetry/logger.ts'
import type { ClientLimits } from '../../client-limits.ts'
import type { Ticker, Ticking } from '../ticker.ts'

/** What a response has delivered to its client, and since when nothing more. */
interface Progress {
  sentBytes: number
  sinceMs: number
}

/**
 * The responses whose clients do not take what we send: bounded in time (`unsentStallMs` without any progress) and, all of
 * them together, in bytes. Beyond either the connection is cut, so that slow readers cannot fill our memory. A client
 * that reads is never here.
 */
export class Unsent implements Ticking {
  place = -1
  readonly #limits: ClientLimits
  readonly #ticker: Ticker
  readonly #log: Logger
  readonly #waiting = new Map<HttpResponse, Progress>()

  constructor(limits: ClientLimits, ticker: Ticker, log: Logger) {
    this.#limits = limits
    this.#ticker = ticker
    this.#log = log
  }

  /** Call it after a write. */
  wrote(response: HttpResponse): void {
    if (response.writableLength === 0 || isWithKernel(response)) return
    if (this.#waiting.has(response)) return
    this.#waiting.set(response, { sentBytes: sentBytes(response), sinceMs: performance.now() })
    this.#ticker.add(this)
  }

  tick(nowMs: number): void {
    let totalBytes = 0
    for (const [response, progress] of this.#waiting) {
      if (response.destroyed || response.writableLength === 0) this.#waiting.delete(response)
      else if (!this.#stalls(response, progress, nowMs)) totalBytes += response.writableLength
    }
    if (totalBytes > this.#limits.maxUnsentBytesTotal) this.#cutOldest(totalBytes)
    if (this.#waiting.size === 0) this.#ticker.delete(this)
  }

  #stalls(response: HttpResponse, progress: Progress, nowMs: number): boolean {
    const sent = sentBytes(response)
    if (sent !== progress.sentBytes) {
      progress.sentBytes = sent
      progress.sinceMs = nowMs
    } else if (nowMs - progress.sinceMs >= this.#limits.unsentStallMs) {
      this.#cut(response)
      return true
    }
    return false
  }

  #cutOldest(totalBytes: number): void {
    const oldest = [...this.#waiting].sort(([, a], [, b]) => a.sinceMs - b.sinceMs)
    let left = totalBytes
    for (const [response] of oldest) {
      if (left <= this.#limits.maxUnsentBytesTotal) return
      left -= response.writableLength
      this.#cut(response)
    }
  }

  #cut(response: HttpResponse): void {
    this.#waiting.delete(response)
    this.#log.warn({ unsentBytes: response.writableLength }, 'Cut a client that does not read')
    response.destroy()
  }
}

/** Bytes of this connection that the system has taken. */
function sentBytes({ socket }: HttpResponse): number {
  return socket === null ? 0 : socket.bytesWritten - socket.writableLength
}

/**
 * Node counts what it has handed to the kernel as unsent until the next turn of the loop; then every answer would be kept
 * here for a tick. The queue of the handle is exact, once nothing is corked any more.
 */
function isWithKernel(response: HttpResponse): boolean {
  const socket: SocketWithHandle | null = response.socket
  if (!response.writableEnded || socket === null || socket.writableCorked > 0) return false
  return socket._handle?.writeQueueSize === 0
}

/** Not in the types; where Node renames it, every answer waits for a tick again. */
type SocketWithHandle = Socket & { readonly _handle?: { readonly writeQueueSize?: number } | null }
