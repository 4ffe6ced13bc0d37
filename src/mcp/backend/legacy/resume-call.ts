import { mcpErrors } from '../../errors.ts'
import { openEventStream } from '../http/event-stream.ts'
import type { HeaderList, HttpEndpoint } from '../http/http-endpoint.ts'
import type { StreamPosition } from '../http/http-exchange.ts'
import type { PendingCall } from '../pending-call.ts'

interface ResumeOptions {
  endpoint: HttpEndpoint
  headers: (lastEventId: string) => HeaderList
  /** A message of the call's stream, the response included. */
  onMessage(bytes: Buffer): void
}

const DEFAULT_RETRY_MS = 1000
/** A server that wants no pause and ends every stream at once must not keep us busy. */
export const MIN_RETRY_MS = 100
/** Tries in a row that bring nothing, before the answer is given up. */
const MAX_EMPTY_TRIES = 5

/**
 * Takes up the stream of a call that ended before the response (2025-03-26 and later, "Resumability and Redelivery"): GET
 * with the last event id after the server's `retry`, again and again until the call is settled.
 */
export function resumeCall(call: PendingCall, from: StreamPosition, options: ResumeOptions): void {
  const { endpoint } = options
  let lastEventId = from.lastEventId!
  let retryMs = Math.max(MIN_RETRY_MS, from.retryMs ?? DEFAULT_RETRY_MS)
  let emptyTries = 0
  pause()

  function pause(): void {
    // The wait is the server's wish: it does not count as silence.
    call.seenMs = performance.now() + retryMs
    call.request.onStreamPaused?.(retryMs)
    const timer = setTimeout(connect, retryMs)
    call.stream = { abort: () => clearTimeout(timer) }
  }

  function connect(): void {
    let any = false
    const stream = openEventStream(
      {
        endpoint,
        method: 'GET',
        headers: options.headers(lastEventId),
      },
      {
        onEvent(data, event) {
          any = true
          call.seenMs = performance.now()
          if (event === '' || event === 'message') options.onMessage(data)
          if (call.settled) stream.abort()
        },
        onEnd(end) {
          if (call.settled) return
          lastEventId = stream.position.lastEventId ?? lastEventId
          retryMs = Math.max(MIN_RETRY_MS, stream.position.retryMs ?? retryMs)
          emptyTries = any ? 0 : emptyTries + 1
          if (end.kind === 'refused') return giveUp(`HTTP ${end.httpStatus} to Last-Event-ID`)
          if (emptyTries >= MAX_EMPTY_TRIES) {
            return giveUp(`nothing after ${emptyTries} tries to resume the stream`)
          }
          pause()
        },
      },
    )
    call.stream = stream
  }

  function giveUp(reason: string): void {
    call.reject(mcpErrors.BACKEND_GONE({ backend: endpoint.name, reason, ran: 'unknown' }))
  }
}
