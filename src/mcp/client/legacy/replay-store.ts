import type { ClientLimits } from '../../client-limits.ts'
import type { Ticker, Ticking } from '../ticker.ts'

/** A stream, as far as its events are concerned. */
interface HoldingStream {
  readonly heldBytes: number
  readonly finishedMs: number
  dropAll(): void
  forget(): void
}

/**
 * Bounds what all sessions of an edge together keep for clients that come back with `Last-Event-ID`: the oldest streams
 * lose their events first, finished ones are forgotten after `replayKeepMs`.
 */
export class ReplayStore implements Ticking {
  place = -1
  readonly #limits: ClientLimits
  readonly #ticker: Ticker
  /** Streams that hold events, oldest first. */
  readonly #holding = new Set<HoldingStream>()
  readonly #finished = new Set<HoldingStream>()
  #bytes = 0

  constructor(limits: ClientLimits, ticker: Ticker) {
    this.#limits = limits
    this.#ticker = ticker
  }

  get bytes(): number {
    return this.#bytes
  }

  added(stream: HoldingStream, bytes: number): void {
    this.#holding.add(stream)
    this.#bytes += bytes
    for (const oldest of this.#holding) {
      if (this.#bytes <= this.#limits.maxReplayBytesTotal) return
      oldest.dropAll()
    }
  }

  dropped(stream: HoldingStream, bytes: number): void {
    this.#bytes -= bytes
    if (stream.heldBytes === 0) this.#holding.delete(stream)
  }

  finished(stream: HoldingStream): void {
    this.#finished.add(stream)
    this.#ticker.add(this)
  }

  forgotten(stream: HoldingStream): void {
    this.#finished.delete(stream)
    if (this.#finished.size === 0) this.#ticker.delete(this)
  }

  tick(nowMs: number): void {
    for (const stream of this.#finished) {
      // In order of their end: the rest is younger.
      if (nowMs - stream.finishedMs < this.#limits.replayKeepMs) return
      stream.forget()
    }
  }
}
