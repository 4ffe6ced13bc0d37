import type { AppError } from '../../../base/errors.ts'
import { mcpErrors } from '../../errors.ts'
import type { ConnectOptions } from '../connect-options.ts'
import { openEventStream } from './event-stream.ts'
import type { StreamEnd } from './event-stream.ts'
import type { HttpEndpoint } from './http-endpoint.ts'
import { refusal } from './http-refusal.ts'
import type { MessagePipe } from '../message-pipe.ts'
import { post } from './post.ts'

/**
 * HTTP with SSE of 2024-11-05: a GET stream for all that comes, whose first event `endpoint` says where to POST what goes.
 * That address must be of the same origin: another one would get our credentials. The session is the stream: when it
 * ends, the pipe ends.
 */
export function openSsePipe(endpoint: HttpEndpoint, options: ConnectOptions): MessagePipe {
  const { name } = options
  const postTo = Promise.withResolvers<HttpEndpoint | undefined>()
  let unsentBytes = 0
  let closed = false

  const finish = (error: AppError) => {
    if (closed) return
    closed = true
    postTo.resolve(undefined)
    stream.abort()
    pipe.onEnd(error)
  }
  const stream = openEventStream(
    {
      endpoint,
      method: 'GET',
      headers: endpoint.headers(['accept', 'text/event-stream', 'cache-control', 'no-store']),
    },
    {
      onEvent(data, event) {
        if (closed) return
        if (event === '' || event === 'message') return pipe.onMessage(data)
        // Servers send pings and the like under names of their own.
        if (event !== 'endpoint') return
        const url = URL.parse(data.toString('utf8').trim(), endpoint.url.href)
        if (url?.origin === endpoint.url.origin) return postTo.resolve(endpoint.at(url))
        const reason = `it wants messages posted to another origin: ${JSON.stringify(data.toString('utf8', 0, 200))}`
        finish(mcpErrors.BACKEND_PROTOCOL({ backend: name, reason, ran: 'no' }))
      },
      onEnd: (end) => finish(streamError(name, end)),
    },
  )

  const pipe: MessagePipe = {
    transport: 'sse',
    async send(body, call) {
      unsentBytes += body.length
      const to = await postTo.promise
      if (to === undefined || closed || call?.settled) {
        unsentBytes -= body.length
        return
      }
      const outcome = await post(
        to,
        'POST',
        to.headers(POST_HEADERS, call?.request.headers),
        body,
        0,
      )
      unsentBytes -= body.length
      if (typeof outcome === 'number' && outcome < 300) return
      const said = typeof outcome === 'number' ? `HTTP ${outcome}` : outcome
      if (call) return call.reject(postError(name, outcome))
      options.log.warn({ backend: name, reason: said }, 'Cannot deliver a message to the backend')
    },
    get unsentBytes() {
      return unsentBytes
    },
    onMessage: () => {},
    onEnd: () => {},
    async close() {
      closed = true
      postTo.resolve(undefined)
      stream.abort()
    },
  }
  return pipe
}

const POST_HEADERS = ['content-type', 'application/json']

function postError(backend: string, outcome: number | string): AppError {
  return typeof outcome === 'number'
    ? refusal(backend, outcome, Buffer.alloc(0))
    : mcpErrors.BACKEND_UNREACHABLE({ backend, reason: outcome, ran: 'unknown' })
}

function streamError(backend: string, end: StreamEnd): AppError {
  switch (end.kind) {
    case 'refused':
      return refusal(backend, end.httpStatus, Buffer.from(end.body), 'no')
    case 'failed':
      return mcpErrors.BACKEND_GONE({ backend, reason: end.reason, ran: 'unknown' })
    case 'too-long':
      return mcpErrors.BACKEND_PROTOCOL({ backend, reason: end.reason, ran: 'unknown' })
    case 'ended':
      return mcpErrors.BACKEND_GONE({
        backend,
        reason: 'its event stream ended',
        ran: 'unknown',
      })
  }
}
