import { createBackoff } from '../../../base/backoff.ts'
import type { Logger } from '../../../telemetry/logger.ts'
import type { PeerGone } from '../connect-options.ts'
import { openEventStream } from '../http/event-stream.ts'
import type { EventStream, StreamEnd } from '../http/event-stream.ts'
import type { HeaderList, HttpEndpoint } from '../http/http-endpoint.ts'
import { MIN_RETRY_MS } from './resume-call.ts'

interface StandaloneOptions {
  endpoint: () => HttpEndpoint
  headers: (lastEventId: string | undefined) => HeaderList
  log: Logger
  onMessage(bytes: Buffer): void
  /** The stream is there, but not as the continuation of what was heard: announcements may have been missed. */
  onMissed(): void
  /** See `ConnectOptions`. */
  onPeerGone?: PeerGone | undefined
  /** HTTP 404: the session is gone. */
  onSessionLost(): void
}

export interface StandaloneStream {
  /** Resolves when the server has accepted or refused the stream for the first time. */
  readonly answered: Promise<void>
  close(): void
}

/** Another connection has the one stream of the session. */
const TAKEN = 409
/** Refusals that pass: request timeout, too many requests. */
const LATER = new Set([408, TAKEN, 429])
/** So long after a replica has gone a stream that was taken is asked for in quick succession: the backend has to notice, too. */
const HURRY_MS = 15_000

/**
 * The stream of a legacy HTTP session for what belongs to no request (2025-03-26 and later, "Listening for Messages"):
 * kept open, taken up again after `retry` or with growing waits. A server may refuse it (405); then there is none.
 */
export function openStandaloneStream(options: StandaloneOptions): StandaloneStream {
  const backoff = createBackoff({ minMs: 1000, maxMs: 30_000 })
  // Spread: many sessions hurry at once.
  const hurried = createBackoff({ minMs: 250, maxMs: 1000, jitter: 0.8 })
  let hurriesUntilMs = -Infinity
  let isTaken = false
  let lastEventId: string | undefined
  let stream: EventStream | undefined
  let timer: NodeJS.Timeout | undefined
  let closed = false
  let opens = 0
  const answered = Promise.withResolvers<void>()

  const connect = () => {
    timer = undefined
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
          // Whoever had it heard what was said.
          if ((isTaken || opens > 0) && lastEventId === undefined) options.onMissed()
          opens++
          isTaken = false
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
      if (end.httpStatus === TAKEN) isTaken = true
      if (end.httpStatus === 404) return options.onSessionLost()
      if (end.httpStatus < 500 && !LATER.has(end.httpStatus)) {
        stopHearing?.()
        return options.log.debug({ httpStatus: end.httpStatus }, 'Backend offers no stream')
      }
    }
    const isAsked = end.kind === 'ended' && retryMs !== undefined
    if (isAsked) wait(Math.max(MIN_RETRY_MS, retryMs))
    else wait(isTaken && performance.now() < hurriesUntilMs ? hurried.nextMs() : backoff.nextMs())
  }
  const wait = (waitMs: number) => {
    timer = setTimeout(connect, waitMs)
    timer.unref()
  }
  const hurry = () => {
    hurriesUntilMs = performance.now() + HURRY_MS
    hurried.reset()
    if (!isTaken || timer === undefined) return
    clearTimeout(timer)
    wait(hurried.nextMs())
  }

  const stopHearing = options.onPeerGone?.(hurry)
  connect()
  return {
    answered: answered.promise,
    close() {
      answered.resolve()
      closed = true
      stopHearing?.()
      clearTimeout(timer)
      stream?.abort()
    },
  }
}
