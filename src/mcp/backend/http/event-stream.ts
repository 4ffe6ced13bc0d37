import type { Dispatcher } from 'undici'
import { CrumbWatch } from '../../../net/crumbs.ts'
import { sameHostRedirect } from '../../../net/redirect.ts'
import { SseParser } from '../../../net/sse-parser.ts'
import type { SseHandler } from '../../../net/sse-parser.ts'
import type { HeaderList, HttpEndpoint } from './http-endpoint.ts'
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
  endpoint: HttpEndpoint
  method: 'GET' | 'POST'
  headers: HeaderList
  body?: string
}

const MAX_BODY_CHARS = 65_536
const MAX_REDIRECTS = 3

/** Opens a long SSE stream: the standalone stream of a session, a subscription, the SSE transport, a resumed call. */
export function openEventStream(request: StreamRequest, handlers: StreamHandlers): EventStream {
  const stream = new Stream(request, handlers)
  stream.start()
  return stream
}

class Stream implements EventStream, Dispatcher.DispatchHandler, SseHandler {
  readonly position: StreamPosition = { lastEventId: undefined, retryMs: undefined }
  readonly #request: StreamRequest
  readonly #handlers: StreamHandlers
  #endpoint: HttpEndpoint
  #controller: Dispatcher.DispatchController | undefined
  #status = 0
  #body = ''
  #parser: SseParser | undefined
  readonly #crumbs = new CrumbWatch()
  #redirect: URL | undefined
  #redirects = 0
  #starting = false
  #over = false

  constructor(request: StreamRequest, handlers: StreamHandlers) {
    this.#request = request
    this.#handlers = handlers
    this.#endpoint = request.endpoint
  }

  start(): void {
    const { method, headers, body } = this.#request
    const { path, streams } = this.#endpoint
    this.#starting = true
    streams.dispatch({ method, path, headers: headers as string[], body: body ?? null }, this)
    this.#starting = false
  }

  abort(): void {
    this.#over = true
    this.#controller?.abort(ABORTED)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#over) controller.abort(ABORTED)
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200 || this.#over) return
    this.#status = status
    const { location } = headers
    this.#redirect =
      this.#redirects < MAX_REDIRECTS && typeof location === 'string'
        ? sameHostRedirect(this.#endpoint.url, status, location)
        : undefined
    const type = headers['content-type']
    if (status !== 200 || typeof type !== 'string' || !type.startsWith('text/event-stream')) return
    this.#parser = new SseParser(this, this.#endpoint.maxMessageBytes)
    this.#handlers.onOpen?.()
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return
    if (this.#crumbs.isFlood(chunk.length)) {
      this.#finish({ kind: 'failed', reason: 'it comes in too many too small pieces' })
      this.#controller?.abort(ABORTED)
    } else if (this.#parser) this.#parser.push(chunk)
    else if (this.#body.length < MAX_BODY_CHARS) this.#body += chunk.toString('utf8')
  }

  onResponseEnd(): void {
    if (this.#over) return
    if (this.#redirect) return this.#follow(this.#redirect)
    if (this.#parser) return this.#finish({ kind: 'ended' })
    this.#finish({ kind: 'refused', httpStatus: this.#status, body: this.#body })
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#finish({ kind: 'failed', reason: describeFailure(error) })
  }

  onEvent(data: Buffer, event: string): void {
    if (!this.#over) this.#handlers.onEvent(data, event)
  }

  onId(id: string): void {
    this.position.lastEventId = id
  }

  onRetry(retryMs: number): void {
    this.position.retryMs = retryMs
  }

  onTooLong(lengthBytes: number): void {
    const limit = this.#endpoint.maxMessageBytes
    const reason = `a message has ${lengthBytes} bytes or more, the limit is ${limit}`
    this.#finish({ kind: 'too-long', reason })
    this.#controller?.abort(ABORTED)
  }

  #follow(to: URL): void {
    this.#redirects++
    this.#redirect = undefined
    this.#body = ''
    this.#endpoint = this.#endpoint.at(to)
    this.start()
  }

  #finish(end: StreamEnd): void {
    if (this.#over) return
    this.#over = true
    // What cannot even be sent fails at once, before the caller holds the stream it is told about.
    if (this.#starting) queueMicrotask(() => this.#handlers.onEnd(end))
    else this.#handlers.onEnd(end)
  }
}

const ABORTED = new Error('The stream was given up')
