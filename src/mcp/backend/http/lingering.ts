import type { HttpExchange } from './http-exchange.ts'

const LINGER_MS = 1000

/**
 * SSE streams that go on after they have delivered their response. A good server ends them at once; the others must not
 * keep connections of the pool for ever.
 */
export class Lingering {
  readonly #exchanges = new Set<HttpExchange>()
  #timer: NodeJS.Timeout | undefined

  add(exchange: HttpExchange): void {
    this.#exchanges.add(exchange)
    if (this.#timer !== undefined) return
    this.#timer = setInterval(() => this.#sweep(), LINGER_MS / 5)
    this.#timer.unref()
  }

  delete(exchange: HttpExchange): void {
    this.#exchanges.delete(exchange)
  }

  /** Ends all of them. */
  close(): void {
    for (const exchange of [...this.#exchanges]) exchange.abort()
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #sweep(): void {
    const nowMs = performance.now()
    for (const exchange of [...this.#exchanges]) {
      if (nowMs - exchange.lingersSinceMs > LINGER_MS) exchange.abort()
    }
    if (this.#exchanges.size === 0) this.close()
  }
}
