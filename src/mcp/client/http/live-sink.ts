import type { EventSink } from './http-exchange.ts'
import { toEvent } from './sse-connection.ts'
import type { SseConnection } from './sse-connection.ts'

/** An event stream that ends with its connection: the modern era, and 2024-11-05. */
export class LiveSink implements EventSink {
  readonly #connection: SseConnection
  onGone: (() => void) | undefined

  constructor(connection: SseConnection) {
    this.#connection = connection
    connection.onGone = () => this.onGone?.()
  }

  send(body: readonly Buffer[]): void {
    this.#connection.write(toEvent(body))
  }

  end(): void {
    this.#connection.end()
  }
}
