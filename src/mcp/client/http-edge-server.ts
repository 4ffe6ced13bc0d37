import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Authenticate, Denied } from '../authenticate.ts'
import type { Principal } from '../call.ts'
import { classify } from '../classify.ts'
import { VERSION_HEADER } from '../mcp-headers.ts'
import { renderError } from '../render-reply.ts'
import { INVALID_REQUEST, PARSE_ERROR } from '../rpc-codes.ts'
import { isKnownVersion, VERSIONS } from '../versions.ts'
import { acceptsEvents, isJsonContent, readAccept } from './accept.ts'
import type { EdgeContext } from './context.ts'
import { toFailure } from './failure.ts'
import { answerEmpty, answerError, answerJson } from './http-answer.ts'
import { deleteLegacy, getLegacy, postLegacy } from './legacy-http.ts'
import { Listens } from './listen.ts'
import { postModern } from './modern-http.ts'
import { readBody } from './read-body.ts'
import type { Body } from './read-body.ts'
import { ReplayStore } from './replay-store.ts'

export interface HttpEdgeServerOptions {
  readonly authenticate: Authenticate
  readonly guard: (headers: IncomingHttpHeaders) => string | undefined
  readonly path: string
  readonly sse: { readonly path: string; readonly messagesPath: string } | false
}

/** Routes requests to the transport and era they belong to. */
export class HttpEdgeServer {
  readonly #context: EdgeContext
  readonly #options: HttpEdgeServerOptions
  readonly #replay: ReplayStore
  readonly #listens = new Listens()
  #inFlight = 0
  #draining = false
  #onIdle: (() => void) | undefined

  constructor(context: EdgeContext, options: HttpEdgeServerOptions) {
    this.#context = context
    this.#options = options
    this.#replay = new ReplayStore(context.limits, context.ticker)
  }

  get inFlight(): number {
    return this.#inFlight
  }

  get context(): EdgeContext {
    return this.#context
  }

  get replay(): ReplayStore {
    return this.#replay
  }

  get listens(): Listens {
    return this.#listens
  }

  readonly draining = (): boolean => this.#draining

  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const url = request.url ?? '/'
    const query = url.indexOf('?')
    const path = query < 0 ? url : url.slice(0, query)
    if (path !== this.#options.path) return false
    this.#began(response)
    this.#admit(request, response, (principal) => this.#serveMcp(request, response, principal))
    return true
  }

  async drain(graceMs: number): Promise<void> {
    this.#draining = true
    this.#listens.endAll()
    if (this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, graceMs)
        this.#onIdle = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  close(): void {
    this.#draining = true
    this.#listens.endAll()
    this.#context.flights.expireAll()
    this.#context.ticker.stop()
  }

  #began(response: ServerResponse): void {
    this.#inFlight++
    response.on('close', () => {
      this.#inFlight--
      if (this.#inFlight === 0) this.#onIdle?.()
    })
    if (this.#draining) response.setHeader('Connection', 'close')
  }

  /** Host, origin, identity; from then on nothing a stage throws gets past. */
  #admit(
    request: IncomingMessage,
    response: ServerResponse,
    serve: (principal: Principal) => void,
  ): void {
    const problem = this.#options.guard(request.headers)
    if (problem !== undefined) {
      request.resume()
      answerError(response, 403, INVALID_REQUEST, problem)
      return
    }
    const admitted = (outcome: Principal | Denied): void => {
      if ('status' in outcome) {
        request.resume()
        deny(response, outcome)
      } else serve(outcome)
    }
    const failed = (thrown: unknown): void => this.#failed(response, thrown)
    try {
      const outcome = this.#options.authenticate(request.headers)
      if (outcome instanceof Promise) outcome.then(admitted).catch(failed)
      else admitted(outcome)
    } catch (thrown) {
      failed(thrown)
    }
  }

  #serveMcp(request: IncomingMessage, response: ServerResponse, principal: Principal): void {
    if (request.method === 'POST') this.#post(request, response, principal)
    else {
      request.resume()
      this.#sessionOperation(request, response, principal)
    }
  }

  /** GET and DELETE exist for legacy sessions only. */
  #sessionOperation(
    request: IncomingMessage,
    response: ServerResponse,
    principal: Principal,
  ): void {
    const { method, headers } = request
    const version = headers[VERSION_HEADER]
    const isModern = isKnownVersion(version) && VERSIONS[version].era === 'modern'
    if (isModern || (method !== 'GET' && method !== 'DELETE')) {
      const allow = ['Allow', isModern ? 'POST' : 'GET, POST, DELETE']
      answerError(response, 405, INVALID_REQUEST, `Method ${method} not allowed`, null, allow)
    } else if (method === 'DELETE') deleteLegacy(this, request, response, principal)
    else if (acceptsEvents(headers.accept)) getLegacy(this, request, response, principal)
    else {
      const text = 'Not acceptable: the client must accept text/event-stream'
      answerError(response, 406, INVALID_REQUEST, text, 'server-error')
    }
  }

  #post(request: IncomingMessage, response: ServerResponse, principal: Principal): void {
    const accepts = readAccept(request.headers.accept)
    if (accepts === undefined) {
      request.resume()
      const text = 'Not acceptable: the client must accept application/json and text/event-stream'
      answerError(response, 406, INVALID_REQUEST, text)
      return
    }
    if (!isJsonContent(request.headers['content-type'])) {
      request.resume()
      const text = 'Unsupported media type: Content-Type must be application/json'
      answerError(response, 415, INVALID_REQUEST, text)
      return
    }
    readBody(request, this.#context.limits, this.#context.ticker, (body) => {
      if (typeof body === 'string') {
        this.#refuseBody(response, body)
        return
      }
      try {
        this.#dispatch(request, response, principal, body, accepts)
      } catch (thrown) {
        this.#failed(response, thrown)
      }
    })
  }

  #dispatch(
    request: IncomingMessage,
    response: ServerResponse,
    principal: Principal,
    body: Buffer,
    accepts: 'both' | 'json' | 'sse',
  ): void {
    const message = parse(body)
    if (message === undefined) {
      answerError(response, 400, PARSE_ERROR, 'Parse error: the body is not JSON')
      return
    }
    const version = request.headers[VERSION_HEADER]
    const posted = classify(message, typeof version === 'string' ? version : undefined)
    if (posted.kind === 'refused') {
      answerJson(response, 400, [renderError(posted.id, posted.error)])
    } else if ('era' in posted && posted.era === 'modern') {
      // Header rules for notifications are not defined, and none means anything on HTTP.
      if (posted.kind === 'notification') answerEmpty(response, 202)
      else postModern(this, request, response, principal, posted.message, accepts)
    } else postLegacy(this, request, response, principal, posted, accepts)
  }

  #refuseBody(response: ServerResponse, body: Exclude<Body, Buffer>): void {
    if (body === 'gone') return
    const close = ['Connection', 'close']
    if (body === 'too-large') {
      const text = `The body is larger than ${this.#context.limits.maxBodyBytes} bytes`
      answerError(response, 413, INVALID_REQUEST, text, null, close)
    } else {
      const text = `The body did not come within ${this.#context.limits.bodyTimeoutMs} ms`
      answerError(response, 408, INVALID_REQUEST, text, null, close)
    }
  }

  #failed(response: ServerResponse, thrown: unknown): void {
    const { error } = toFailure(thrown, 'legacy', this.#context)
    answerJson(response, 500, [renderError(null, error)])
  }
}

/** Undefined if it is not JSON. */
function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

function deny(response: ServerResponse, { status, headers, body }: Denied): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, { 'Content-Length': Buffer.byteLength(body), ...headers })
  response.end(body)
}
