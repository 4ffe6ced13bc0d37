import type { ClientLimits } from '../../client-limits.ts'
import { mcpErrors } from '../../errors.ts'
import type { InputAnswers } from '../../messages.ts'
import type { Exchange } from '../exchange.ts'
import type { ModernRequest } from './modern-request.ts'
import type { Ticker, Ticking } from '../ticker.ts'

/** A call that waits for its client to come back. */
export interface Flight {
  readonly id: string
  /** `clientOf` it, the same for as long as it takes a place. */
  readonly owner: string
  readonly method: string
  /** It has ended while its client was away: the answer waits. */
  readonly answered: boolean
  /** True if a state of this round waits for its answers. */
  waitsIn(round: number): boolean
  /** The retry of the client: its exchange is the call's from now on. Asks again if an answer is missing. */
  resume(request: ModernRequest, exchange: Exchange, answers: InputAnswers): void
  /** The client does not want the answer any more. */
  cancel(reason: string): void
  /** Nobody came in time. */
  expire(waitedMs: number): void
}

/** The parked calls of one process, bounded in number (per client and in all) and time. */
export class Flights implements Ticking {
  place = -1
  readonly #limits: ClientLimits
  readonly #ticker: Ticker
  /** Those that have asked and are not finished. */
  readonly #all = new Map<string, Flight>()
  readonly #perOwner = new Map<string, number>()
  /** Monotonic time of parking, longest waiting first. */
  readonly #parked = new Map<Flight, number>()

  constructor(limits: ClientLimits, ticker: Ticker) {
    this.#limits = limits
    this.#ticker = ticker
  }

  get size(): number {
    return this.#all.size
  }

  find(id: string): Flight | undefined {
    return this.#all.get(id)
  }

  /** Takes a place. Throws MCP_TOO_MANY_PARKED. */
  enter(flight: Flight): void {
    if (this.#all.has(flight.id)) return
    const { owner, method } = flight
    const own = this.#perOwner.get(owner) ?? 0
    const { maxParkedPerClient, maxParkedTotal } = this.#limits
    if (own >= maxParkedPerClient) {
      throw mcpErrors.TOO_MANY_PARKED({ method, limit: maxParkedPerClient })
    }
    if (this.#all.size >= maxParkedTotal) {
      throw mcpErrors.TOO_MANY_PARKED({ method, limit: maxParkedTotal })
    }
    this.#all.set(flight.id, flight)
    this.#perOwner.set(owner, own + 1)
  }

  park(flight: Flight): void {
    this.#parked.delete(flight)
    this.#parked.set(flight, performance.now())
    this.#ticker.add(this)
  }

  resume(flight: Flight): void {
    this.#parked.delete(flight)
    if (this.#parked.size === 0) this.#ticker.delete(this)
  }

  leave(flight: Flight): void {
    this.resume(flight)
    if (!this.#all.delete(flight.id)) return
    const left = (this.#perOwner.get(flight.owner) ?? 1) - 1
    if (left > 0) this.#perOwner.set(flight.owner, left)
    else this.#perOwner.delete(flight.owner)
  }

  tick(nowMs: number): void {
    for (const [flight, sinceMs] of this.#parked) {
      // Longest waiting first: the rest is younger.
      if (nowMs - sinceMs < this.#limits.parkTtlMs) return
      flight.expire(nowMs - sinceMs)
    }
  }
}
