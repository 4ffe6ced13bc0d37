import type { JsonObject } from '../../base/json.ts'

/** Where everything goes that belongs to one request of a client. One per transport. */
export interface Exchange {
  /** False: a pipe, where a cancelled request gets no response. True: a POST or a batch, which has to be ended by one. */
  readonly answersCancelled: boolean
  /** Address the client calls from; undefined on stdio. */
  readonly source?: string | undefined
  /** Called once if the client goes away before the response was handed over. */
  onGone: (() => void) | undefined
  /** Sends a notification or question that belongs to the request. False if there is no way to the client. */
  send(message: JsonObject): boolean
  /** Sends the response; what is sent later is dropped. `status` and `headers` are for HTTP, where they are still to be chosen. */
  respond(body: readonly Buffer[], status?: number, headers?: readonly string[]): void
  /** Legacy: cuts the stream so that the client polls for the rest (2025-11-25 transports, "Sending messages"). */
  closeStream?(retryMs: number): void
}
