import type { Dispatcher } from 'undici'
import { SseParser } from '../../net/sse-parser.ts'
import type { HeaderList } from './http-endpoint.ts'
import { describeFailure } from './http-exchange.ts'
import type { StreamPosition } from './http-exchange.ts'

/**
 * `refused`: the answer is no event stream. `ended`: it was one. `failed`: no connection, or it broke. `too-long`: an event
 * exceeds the limit.
 */
export type StreamEnd =
  | { readonly kind: 'refused'; readonly httpStatus: number; readonly body: string }
  | { readonly kind: 'ended' }
  | { readonly kind: 'failed' | 'too-long'; readonly reason: string }

export interface StreamHandlers {
  onOpen?(): void
  onEvent(data: Buffer, event: string): void
  /** Once; not after `abort()`. */
  onEnd(end: StreamEnd): void
}

export interface EventStream {
  readonly position: StreamPosition
  abort(): void
}

interface StreamRequest {
  dispatcher: Dispatcher
  method: 'GET' | 'POST'
  path: string
  headers: HeaderList
  body?: string
  maxMessageBytes: number
}

const MAX_BODY_CHARS = 65_536

/** Opens a long SSE stream: the standalone stream of a session, a subscription, the SSE transport, a resumed call. */
export function openEventStream(request: StreamRequest, handlers: StreamHandlers): EventStream {
  const position: StreamPosition = { lastEventId: undefined, retryMs: undefined }
  let controller: Dispatcher.DispatchController | undefined
  let over = false
  let status = 0
  let body = ''
  let parser: SseParser | undefined

  const finish = (end: StreamEnd) => {
    if (over) return
    over = true
    handlers.onEnd(end)
  }
  const newParser = () =>
    new SseParser(
      {
        onEvent(data, event) {
          if (!over) handlers.onEvent(data, event)
        },
        onId(id) {
          position.lastEventId = id
        },
        onRetry(retryMs) {
          position.retryMs = retryMs
        },
        onTooLong(lengthBytes) {
          const limit = request.maxMessageBytes
          const reason = `a message has ${lengthBytes} bytes or more, the limit is ${limit}`
          finish({ kind: 'too-long', reason })
          controller?.abort(ABORTED)
        },
      },
      request.maxMessageBytes,
    )

  request.dispatcher.dispatch(
    {
      method: request.method,
      path: request.path,
      headers: request.headers as string[],
      ...(request.body === undefined ? {} : { body: request.body }),
    },
    {
      onRequestStart(started) {
        controller = started
        if (over) started.abort(ABORTED)
      },
      onResponseStart(_, httpStatus, headers) {
        if (httpStatus < 200) return
        status = httpStatus
        const type = String(headers['content-type'] ?? '')
        if (status !== 200 || !type.startsWith('text/event-stream')) return
        parser = newParser()
        if (!over) handlers.onOpen?.()
      },
      onResponseData(_, chunk) {
        if (over) return
        if (parser) parser.push(chunk)
        else if (body.length < MAX_BODY_CHARS) body += chunk.toString('utf8')
      },
      onResponseEnd() {
        finish(parser ? { kind: 'ended' } : { kind: 'refused', httpStatus: status, body })
      },
      onResponseError(_, error) {
        finish({ kind: 'failed', reason: describeFailure(error) })
      },
    },
  )

  return {
    position,
    abort() {
      over = true
      controller?.abort(ABORTED)
    },
  }
}

const ABORTED = new Error('The stream was given up')
