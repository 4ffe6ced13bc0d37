import { createBackoff } from '../../../base/backoff.ts'
import type { Logger } from '../../../telemetry/logger.ts'
import { openEventStream } from '../http/event-stream.ts'
import type { EventStream, StreamEnd } from '../http/event-stream.ts'
import type { HeaderList, HttpEndpoint } from '../http/http-endpoint.ts'
import { MIN_RETRY_MS } from './resume-call.ts'

interface StandaloneOptions {
  endpoint: () => HttpEndpoint
  headers: (lastEventId: string | undefined) => HeaderList
  log: Logger
  onMessage(bytes: Buffer): void
  /** The stream is there again, but could not be resumed: announcements may have been missed. */
  onMissed(): void
  /** HTTP 404: the session is gone. */
  onSessionLost(): void
}

export interface StandaloneStream {
  /** Resolves when the server has accepted or refused the stream for the first time. */
  readonly answered: Promise<void>
  close(): void
}

/** Refusals that pass: request timeout, too many requests, and 409: another connection has the one stream of the session. */
const LATER = new Set([408, 409, 429])

/**
 * The stream of a legacy HTTP session for what belongs to no request (2025-03-26 and later, "Listening for Messages"):
 * kept open, taken up again after `retry` or with growing waits. A server may refuse it (405); then there is none.
 */
export function openStandaloneStream(options: StandaloneOptions): StandaloneStream {
  const backoff = createBackoff({ minMs: 1000, maxMs: 30_000 })
  let lastEventId: string | undefined
  let stream: EventStream | undefined
  let timer: NodeJS.Timeout | undefined
  let closed = false
  let opens = 0
  const answered = Promise.withResolvers<void>()

  const connect = () => {
    const endpoint = options.endpoint()
    const opened = openEventStream(
      {
        endpoint,
        method: 'GET',
        headers: options.headers(lastEventId),
      },
      {
        onOpen() {
          backoff.reset()
          answered.resolve()
          if (opens++ > 0 && lastEventId === undefined) options.onMissed()
        },
        onEvent(data, event) {
          lastEventId = opened.position.lastEventId ?? lastEventId
          if (event === '' || event === 'message') options.onMessage(data)
        },
        onEnd(end) {
          answered.resolve()
          lastEventId = opened.position.lastEventId ?? lastEventId
          again(end, opened.position.retryMs)
        },
      },
    )
    stream = opened
  }
  const again = (end: StreamEnd, retryMs: number | undefined) => {
    if (closed) return
    if (end.kind === 'refused') {
      if (end.httpStatus === 404) return options.onSessionLost()
      if (end.httpStatus < 500 && !LATER.has(end.httpStatus)) {
        return options.log.debug({ httpStatus: end.httpStatus }, 'Backend offers no stream')
      }
    }
    const isAsked = end.kind === 'ended' && retryMs !== undefined
    const waitMs = isAsked ? Math.max(MIN_RETRY_MS, retryMs) : backoff.nextMs()
    timer = setTimeout(connect, waitMs)
    timer.unref()
  }

  connect()
  return {
    answered: answered.promise,
    close() {
      answered.resolve()
      closed = true
      clearTimeout(timer)
      stream?.abort()
    },
  }
}
