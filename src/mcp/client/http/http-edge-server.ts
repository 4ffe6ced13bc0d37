import { isJsonObject } from '../../../base/json.ts'
import type { HttpRequest, HttpResponse } from '../../../net/http-message.ts'
import type { Authenticate, Denied } from '../../authenticate.ts'
import type { Principal } from '../../caller.ts'
import type { ClientChannel, ClientSession } from '../../client-session.ts'
import { classify, isRequestId } from '../../classify.ts'
import type { AdoptCall } from '../../late-call.ts'
import type { PeerSide } from '../../edge-peers.ts'
import { mcpErrors } from '../../errors.ts'
import type { HostGuard } from '../../host-guard.ts'
import { VERSION_HEADER } from '../../mcp-headers.ts'
import { renderError } from '../../render-reply.ts'
import { GATEWAY_OVERLOADED, INVALID_REQUEST, PARSE_ERROR } from '../../rpc-codes.ts'
import { isKnownVersion, VERSIONS } from '../../versions.ts'
import { acceptsEvents, isJsonContent, readAccept } from './accept.ts'
import { stopTickers } from '../context.ts'
import type { EdgeContext } from '../context.ts'
import { toFailure } from '../failure.ts'
import { answerPreflight, isPreflight, letPageRead } from './cors.ts'
import { answerEmpty, answerError, answerJson, refuse } from './http-answer.ts'
import { deleteLegacy, peerOf, postLegacy, RETRY_AFTER } from '../legacy/legacy-http.ts'
import type { Forward } from './forward.ts'
import { getLegacy } from '../legacy/legacy-stream.ts'
import { Listens } from '../modern/listen.ts'
import { postModern } from '../modern/modern-http.ts'
import type { Accepts } from './http-exchange.ts'
import { NOT_A_MESSAGE, parseMessage } from '../parse-message.ts'
import { readBody } from './read-body.ts'
import type { Body } from './read-body.ts'
import { ReplayStore } from '../legacy/replay-store.ts'
import { SseTransport } from '../legacy/sse-transport.ts'

export interface HttpEdgeServerOptions {
  readonly authenticate: Authenticate
  readonly guard: HostGuard
  readonly path: string
  readonly sse: { readonly path: string; readonly messagesPath: string } | false
}

type Serve = (request: HttpRequest, response: HttpResponse, principal: Principal) => void

/** Routes requests to the transport and era they belong to. */
export class HttpEdgeServer {
  readonly #context: EdgeContext
  readonly #options: HttpEdgeServerOptions
  readonly #replay: ReplayStore
  readonly #sse: SseTransport
  readonly #listens = new Listens()
  /** Requests that another replica has admitted. */
  readonly #handedOn = new WeakSet<HttpRequest>()
  #draining = false

  constructor(context: EdgeContext, options: HttpEdgeServerOptions) {
    this.#context = context
    this.#options = options
    this.#replay = new ReplayStore(context.limits, context.ticker)
    const messagesPath = options.sse === false ? '' : options.sse.messagesPath
    this.#sse = new SseTransport(context, messagesPath, this.draining)
  }

  get inFlight(): number {
    return this.#context.activity.count
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

  readonly forward: Forward = (to, request, response, client, here) => {
    const { peers } = this.#context
    // One hop is enough: whoever hands on knows better than we do.
    if (peers === undefined || this.#handedOn.has(request)) {
      here()
      return
    }
    const address = this.#context.addresses.of(request)
    peers.forward(to, request, response, { ...client, address }).then(
      (outcome) => {
        if (response.destroyed) return
        if (outcome === 'gone') here()
        else if (outcome !== 'answered')
          this.#unanswered(request, response, to, client.body, outcome)
      },
      (thrown: unknown) => this.#failed(response, thrown),
    )
  }

  readonly peerSide: PeerSide = {
    serve: (request, response, { principal, address, body }) => {
      this.#handedOn.add(request)
      this.#context.addresses.tell(request, address)
      const url = request.url ?? '/'
      const { sse, path } = this.#options
      if (sse !== false && url.startsWith(`${sse.messagesPath}?`)) {
        const client = this.#sse.find(request, response, principal)
        if (client) this.#sse.receive(client, parseMessage(body), response)
      } else if (url !== path) answerEmpty(response, 404)
      else if (request.method === 'POST') {
        const accepts = readAccept(request.headers.accept) ?? 'both'
        this.#dispatch(request, response, principal, body, accepts)
      } else this.#sessionOperation(request, response, principal)
    },
    receive: async ({ kind, session, principal, message }) => {
      const peer = this.#context.openHere.get(session)
      if (peer?.session.principal.binding !== principal.binding) return false
      if (kind === 'to-client') return peer.sendHere(message)
      const received = classify(message, undefined, true)
      if (received.kind === 'response') return peer.answerHere(received.message)
      return received.kind === 'notification' && peer.cancelHere(received.message)
    },
  }

  channelFor(session: ClientSession): ClientChannel {
    return session.channel ?? peerOf(this.#context, session)
  }

  handle(request: HttpRequest, response: HttpResponse): boolean {
    const path = pathOf(request)
    const serve = this.#route(path) ?? this.#routeWithSlash(request, path, request.url ?? '/')
    if (!serve) return false
    if (this.#draining) response.setHeader('Connection', 'close')
    this.#admit(request, response, (principal) => serve.call(this, request, response, principal))
    return true
  }

  async drain(graceMs: number, adopt?: AdoptCall): Promise<void> {
    this.#draining = true
    this.#listens.endAll()
    const { activity, connections, limits } = this.#context
    for (const connection of connections) {
      if (connection.waitsOnly) connection.sendAway(limits.retryMs)
    }
    await activity.idle(graceMs)
    if (activity.count > 0) {
      // What began from here on would be handed over by nobody. Where all have ended, what is on its way is still served.
      activity.close()
      if (adopt) await activity.abandonAll(adopt)
    }
    // Their clients hear of it on the streams that end next.
    this.#context.activity.cancelAll('the server is shutting down')
    for (const connection of this.#context.connections) connection.hangUp()
  }

  close(): void {
    this.#draining = true
    this.#listens.endAll()
    this.#context.activity.cancelAll('the server is shutting down')
    for (const connection of this.#context.connections) connection.hangUp()
    stopTickers(this.#context)
  }

  #route(path: string): Serve | undefined {
    const { path: mcpPath, sse } = this.#options
    if (path === mcpPath) return this.#serveMcp
    if (sse === false) return undefined
    if (path === sse.path) return this.#serveSse
    return path === sse.messagesPath ? this.#serveMessage : undefined
  }

  /** `/mcp/`, as people write it: `/mcp` from here on. */
  #routeWithSlash(request: HttpRequest, path: string, url: string): Serve | undefined {
    if (!path.endsWith('/')) return undefined
    const meant = path.slice(0, -1)
    const serve = this.#route(meant)
    if (serve !== undefined) request.url = meant + url.slice(path.length)
    return serve
  }

  /** Host, origin, what a page may do, identity; from then on nothing a stage throws gets past. */
  #admit(
    request: HttpRequest,
    response: HttpResponse,
    serve: (principal: Principal) => void,
  ): void {
    const problem = this.#options.guard(request.headers)
    if (problem !== undefined) {
      request.resume()
      refuse(response, problem)
      return
    }
    const { origin } = request.headers
    if (origin !== undefined) {
      letPageRead(response, origin)
      if (isPreflight(request)) {
        request.resume()
        answerPreflight(request, response)
        return
      }
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

  #serveMcp(request: HttpRequest, response: HttpResponse, principal: Principal): void {
    if (request.method === 'POST') this.#post(request, response, principal)
    else {
      request.resume()
      this.#sessionOperation(request, response, principal)
    }
  }

  #serveSse(request: HttpRequest, response: HttpResponse, principal: Principal): void {
    request.resume()
    if (request.method === 'GET') this.#sse.open(response, principal)
    else
      answerError(response, 405, INVALID_REQUEST, 'Only GET opens a stream', null, ['Allow', 'GET'])
  }

  #serveMessage(request: HttpRequest, response: HttpResponse, principal: Principal): void {
    if (request.method !== 'POST') {
      request.resume()
      answerError(response, 405, INVALID_REQUEST, 'Messages are posted', null, ['Allow', 'POST'])
      return
    }
    const home = this.#sse.homeOf(request)
    if (home !== undefined) {
      this.#readBody(request, response, (body) => {
        this.forward(home, request, response, { principal, body }, () => {
          this.#sse.find(request, response, principal)
        })
      })
      return
    }
    const client = this.#sse.find(request, response, principal)
    if (!client) {
      request.resume()
      return
    }
    this.#readBody(request, response, (body) =>
      this.#sse.receive(client, parseMessage(body), response),
    )
  }

  /** GET and DELETE exist for legacy sessions only. */
  #sessionOperation(request: HttpRequest, response: HttpResponse, principal: Principal): void {
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

  #post(request: HttpRequest, response: HttpResponse, principal: Principal): void {
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
    this.#readBody(request, response, (body) => {
      this.#dispatch(request, response, principal, body, accepts)
    })
  }

  #readBody(request: HttpRequest, response: HttpResponse, use: (body: Buffer) => void): void {
    readBody(request, response, this.#context, (body) => {
      if (typeof body === 'string') {
        this.#refuseBody(response, body)
        return
      }
      try {
        use(body)
      } catch (thrown) {
        this.#failed(response, thrown)
      }
    })
  }

  #dispatch(
    request: HttpRequest,
    response: HttpResponse,
    principal: Principal,
    body: Buffer,
    accepts: Accepts,
  ): void {
    const message = parseMessage(body)
    if (message === undefined) {
      answerError(response, 400, PARSE_ERROR, `Parse error: ${NOT_A_MESSAGE}`)
      return
    }
    const version = request.headers[VERSION_HEADER]
    const posted = classify(message, typeof version === 'string' ? version : undefined)
    if (posted.kind === 'refused') {
      answerJson(response, 400, [renderError(posted.id, posted.error)])
    } else if ('era' in posted && posted.era === 'modern') {
      // Header rules for notifications are not defined, and none means anything on HTTP.
      if (posted.kind === 'notification') answerEmpty(response, 202)
      else postModern(this, request, response, { principal, body }, posted.message, accepts)
    } else postLegacy(this, request, response, principal, posted, accepts)
  }

  #refuseBody(response: HttpResponse, body: Exclude<Body, Buffer>): void {
    if (body === 'gone') return
    const close = ['Connection', 'close']
    if (body === 'too-large') {
      const text = `The body is larger than ${this.#context.limits.maxBodyBytes} bytes`
      answerError(response, 413, INVALID_REQUEST, text, null, close)
    } else if (body === 'in-crumbs') {
      const text = 'The body comes in too many too small pieces'
      answerError(response, 400, INVALID_REQUEST, text, null, close)
    } else if (body === 'too-many') {
      const text = 'Too many large requests at once: try again'
      answerError(response, 503, GATEWAY_OVERLOADED, text, null, [...close, 'Retry-After', '1'])
    } else {
      const text = `The body did not come within ${this.#context.limits.bodyTimeoutMs} ms`
      answerError(response, 408, INVALID_REQUEST, text, null, close)
    }
  }

  /** Another replica has not answered, and nobody else can. */
  #unanswered(
    request: HttpRequest,
    response: HttpResponse,
    replica: string,
    body: Buffer | undefined,
    outcome: 'silent' | 'unknown',
  ): void {
    const message = body && parseMessage(body)
    const id = isJsonObject(message) && isRequestId(message['id']) ? message['id'] : null
    if (outcome === 'silent') {
      const text = 'The replica that has it does not answer: nothing was done, try again'
      answerError(response, 503, GATEWAY_OVERLOADED, text, id, RETRY_AFTER)
      return
    }
    const lost = mcpErrors.CALL_LOST({ replica, ran: 'unknown' })
    const { error, status } = toFailure(lost, 'legacy', this.#context)
    // Over HTTP+SSE the body is not read where the status says that all is well.
    const isMessage = this.#route(pathOf(request)) === this.#serveMessage
    answerJson(response, isMessage ? lost.status : status, [renderError(id, error)])
  }

  #failed(response: HttpResponse, thrown: unknown): void {
    const { error } = toFailure(thrown, 'legacy', this.#context)
    answerJson(response, 500, [renderError(null, error)])
  }
}

function pathOf({ url = '/' }: HttpRequest): string {
  const query = url.indexOf('?')
  return query < 0 ? url : url.slice(0, query)
}

function deny(response: HttpResponse, { status, headers, body }: Denied): void {
  if (response.headersSent || response.destroyed) return
  const list = [
    'Content-Length',
    String(Buffer.byteLength(body)),
    ...Object.entries(headers).flat(),
  ]
  response.writeHead(status, list)
  response.end(body, 'utf8')
}
