import { ByteList } from '../../../net/byte-list.ts'
import { CrumbWatch } from '../../../net/crumbs.ts'
import type { CallController, CallHandler, ResponseHeaders } from '../../../net/http-call.ts'
import { sameHostRedirect } from '../../../net/redirect.ts'
import { SseParser } from '../../../net/sse-parser.ts'
import { mcpErrors } from '../../errors.ts'
import { scanResponse } from '../../raw-response.ts'
import type { RawResponse } from '../../raw-response.ts'
import { decodeMessage, showId, splitBatch } from '../answer.ts'
import type { Incoming } from '../answer.ts'
import type { HeaderList, HttpEndpoint } from './http-endpoint.ts'
import type { PendingCall } from '../pending-call.ts'

/** What the two eras do differently with the answer to a POST. */
export interface ExchangeOwner {
  readonly endpoint: HttpEndpoint
  /** The backend moved within its host: later requests go there. */
  moved(endpoint: HttpEndpoint): void
  onHeaders?(headers: ResponseHeaders): void
  onResult(call: PendingCall, response: RawResponse): void
  onError(call: PendingCall, message: Incoming & { kind: 'error' }, httpStatus: number): void
  onMessage(call: PendingCall, message: Incoming & { kind: 'message' }): void
  /** HTTP status outside 2xx. `body` is cut at 64 kB. */
  onRefused(call: PendingCall, httpStatus: number, body: Buffer): void
  /** The SSE stream ended without the response, `failure` says how if not in order. */
  onStreamEnd(call: PendingCall, position: StreamPosition, failure: string | undefined): void
  /** The stream has delivered the response and goes on: it may do so for a moment only. */
  linger(exchange: HttpExchange): void
  ended(exchange: HttpExchange): void
}

/** Where an SSE stream can be taken up again. */
export interface StreamPosition {
  lastEventId: string | undefined
  retryMs: number | undefined
}

const MAX_REFUSAL_BYTES = 65_536
const MAX_REDIRECTS = 3

/**
 * One POST of a request and what comes back: one JSON object, or SSE with the response among other messages. It is
 * the connection's handler itself, so that a call costs no stream, no AbortController and no copy of the answer.
 */
export class HttpExchange implements CallHandler {
  readonly position: StreamPosition = { lastEventId: undefined, retryMs: undefined }
  lingersSinceMs = 0
  readonly #call: PendingCall
  readonly #owner: ExchangeOwner
  readonly #body: string
  readonly #headers: HeaderList
  #endpoint: HttpEndpoint
  #controller: CallController | undefined
  #status = 0
  #sse: SseParser | undefined
  #chunk: Buffer | undefined
  #isFirst = true
  #crumbs: CrumbWatch | undefined
  #chunks: ByteList | undefined
  #bytes = 0
  #redirects = 0
  #redirect: URL | undefined
  #over = false

  constructor(call: PendingCall, owner: ExchangeOwner, body: string, headers: HeaderList) {
    this.#call = call
    this.#owner = owner
    this.#endpoint = owner.endpoint
    this.#body = body
    this.#headers = headers
    call.stream = this
  }

  start(): void {
    this.#endpoint.calls.dispatch(
      {
        method: 'POST',
        path: this.#endpoint.path,
        headers: this.#headers,
        body: this.#body,
      },
      this,
    )
  }

  abort(): void {
    this.#over = true
    this.#controller?.abort(ABORTED)
    this.#owner.ended(this)
  }

  onRequestStart(controller: CallController): void {
    this.#controller = controller
    if (this.#over) controller.abort(ABORTED)
  }

  onRequestSent(): void {
    this.#call.sent = true
  }

  onResponseStart(_: CallController, status: number, headers: ResponseHeaders): void {
    if (status < 200 || this.#over) return
    this.#call.seen()
    this.#status = status
    if (status >= 300) {
      this.#redirect = sameHostRedirect(this.#endpoint.url, status, single(headers['location']))
      return
    }
    this.#owner.onHeaders?.(headers)
    const type = single(headers['content-type'])
    if (type?.startsWith('text/event-stream')) {
      this.#sse = new SseParser(this, this.#endpoint.maxMessageBytes)
    } else if (Number(headers['content-length']) > this.#endpoint.maxMessageBytes) {
      this.onTooLong(Number(headers['content-length']))
    } else if (type !== undefined && !type.startsWith('application/json')) {
      this.#fail(`it answers HTTP ${status} with ${type}, neither JSON nor an event stream`)
    }
  }

  onResponseData(_: CallController, chunk: Buffer): void {
    if (this.#over) return
    // Most answers are one piece.
    if (this.#isFirst) this.#isFirst = false
    else if ((this.#crumbs ??= new CrumbWatch()).isFlood(chunk.length)) {
      return this.#fail('its answer comes in too many too small pieces')
    }
    if (this.#sse) {
      this.#call.seen()
      return this.#sse.push(chunk)
    }
    this.#bytes += chunk.length
    if (this.#status >= 300) {
      if (this.#bytes > MAX_REFUSAL_BYTES) return
    } else if (this.#bytes > this.#endpoint.maxMessageBytes) {
      return this.onTooLong(this.#bytes)
    }
    if (this.#chunk === undefined) {
      this.#chunk = chunk
      return
    }
    this.#call.seen()
    if (!this.#chunks) {
      this.#chunks = new ByteList()
      this.#chunks.push(this.#chunk)
    }
    this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    if (this.#over) return
    this.#owner.ended(this)
    if (this.#redirect) return this.#follow(this.#redirect)
    this.#over = true
    if (this.#sse) {
      if (!this.#call.settled) this.#owner.onStreamEnd(this.#call, this.position, undefined)
      return
    }
    const body = this.#chunks?.take() ?? this.#chunk ?? EMPTY
    if (this.#status >= 300) return this.#owner.onRefused(this.#call, this.#status, body)
    this.#read(body)
    if (!this.#call.settled) this.#fail('its answer does not contain the response')
  }

  onResponseError(_: CallController, error: Error): void {
    if (this.#over) return
    this.#over = true
    this.#owner.ended(this)
    const call = this.#call
    if (call.settled) return
    const reason = describeFailure(error)
    if (this.#sse) return this.#owner.onStreamEnd(call, this.position, reason)
    const failure = { backend: this.#endpoint.name, reason, ran: call.ran }
    call.reject(
      call.sent ? mcpErrors.BACKEND_GONE(failure) : mcpErrors.BACKEND_UNREACHABLE(failure),
    )
  }

  onEvent(data: Buffer, event: string): void {
    if (this.#over) return
    if (event === '' || event === 'message') this.#read(data)
    if (this.#call.settled && !this.#over && this.lingersSinceMs === 0) {
      this.lingersSinceMs = performance.now()
      this.#owner.linger(this)
    }
  }

  onId(id: string): void {
    this.position.lastEventId = id
  }

  onRetry(retryMs: number): void {
    this.position.retryMs = retryMs
  }

  onTooLong(lengthBytes: number): void {
    const limit = this.#endpoint.maxMessageBytes
    this.#fail(`a message has ${lengthBytes} bytes or more, the limit is ${limit}`)
  }

  #read(bytes: Buffer): void {
    const scanned = scanResponse(bytes)
    if (typeof scanned === 'object') {
      if (scanned.id === this.#call.id) return this.#owner.onResult(this.#call, scanned)
      return this.#fail(`it answers the request ${showId(scanned.id)}, which was not asked`)
    }
    if (scanned === undefined) {
      const batch = splitBatch(bytes)
      if (batch) for (const each of batch) this.#read(each)
      else this.#fail(`it sends what is not a JSON-RPC message: ${excerpt(bytes)}`)
      return
    }
    const message = decodeMessage(bytes)
    if (message.kind === 'message') return this.#owner.onMessage(this.#call, message)
    if (message.kind === 'error') return this.#owner.onError(this.#call, message, this.#status)
    this.#fail(`it sends a broken message: ${excerpt(bytes)}`)
  }

  #follow(to: URL): void {
    if (++this.#redirects > MAX_REDIRECTS) return this.#fail('it redirects in circles')
    this.#endpoint = this.#endpoint.at(to)
    this.#owner.moved(this.#endpoint)
    this.#redirect = undefined
    this.#chunk = undefined
    this.#chunks = undefined
    this.#bytes = 0
    // A redirected request has not been executed.
    this.#call.sent = false
    this.start()
  }

  #fail(reason: string): void {
    const { name } = this.#endpoint
    this.#call.reject(mcpErrors.BACKEND_PROTOCOL({ backend: name, reason, ran: this.#call.ran }))
    if (!this.#over) this.abort()
  }
}

/** What a failed connection says of itself, without the pool's vocabulary. */
export function describeFailure(error: Error): string {
  const { code } = error as NodeJS.ErrnoException
  return error.message || code || 'the connection failed'
}

const ABORTED = new Error('The request was given up')
const EMPTY = Buffer.alloc(0)

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header
}

function excerpt(bytes: Buffer): string {
  return JSON.stringify(bytes.toString('utf8', 0, 100))
}
