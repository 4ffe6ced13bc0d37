import type { HttpRequest, HttpResponse } from '../../../net/http-message.ts'
import type { Principal } from '../../caller.ts'
import type { RpcRequest } from '../../messages.ts'
import { renderError } from '../../render-reply.ts'
import { GATEWAY_OVERLOADED } from '../../rpc-codes.ts'
import type { EdgeContext } from '../context.ts'
import { answerError, answerJson } from '../http/http-answer.ts'
import { HttpExchange } from '../http/http-exchange.ts'
import type { Accepts, EventSink } from '../http/http-exchange.ts'
import type { Forward } from '../http/forward.ts'
import type { Listens, ListenSink } from './listen.ts'
import { LiveSink } from '../http/live-sink.ts'
import { checkModernRequest } from './check-modern-request.ts'
import { holderOf, serveModernRequest } from './modern-requests.ts'
import type { ModernRequest } from './modern-request.ts'
import { SseConnection } from '../http/sse-connection.ts'

/** What the modern era over HTTP needs beyond the edge's context. */
export interface ModernHttp {
  readonly context: EdgeContext
  readonly listens: Listens
  readonly draining: () => boolean
  readonly forward: Forward
}

/** Answers the POST of a modern request. */
export function postModern(
  modern: ModernHttp,
  request: HttpRequest,
  response: HttpResponse,
  client: { readonly principal: Principal; readonly body: Buffer },
  message: RpcRequest,
  accepts: Accepts,
): void {
  const { context } = modern
  const checked = checkModernRequest(context, message, client.principal, request.headers)
  if (checked.kind === 'refused') {
    answerJson(response, checked.status, [renderError(message.id, checked.error)])
    return
  }
  const here = (): void => serveHere(modern, response, checked.request, accepts)
  const holder = context.peers && holderOf(context, checked.request)
  if (holder === undefined) here()
  else modern.forward(holder, request, response, client, here)
}

function serveHere(
  { context, listens, draining }: ModernHttp,
  response: HttpResponse,
  request: ModernRequest,
  accepts: Accepts,
): void {
  const { message } = request
  if (message.method !== 'subscriptions/listen') {
    // Here a stream fixes the HTTP status, which some errors need: none is begun without need.
    const accepted = accepts === 'sse-first' ? 'both' : accepts
    const openSink = (): EventSink => new LiveSink(new SseConnection(context, response))
    serveModernRequest(
      context,
      request,
      new HttpExchange(context, response, {
        accepts: accepted,
        upgradeMs: context.limits.modernSseUpgradeMs,
        openSink,
      }),
    )
    return
  }
  if (draining()) {
    const text = 'The server is shutting down'
    answerError(response, 503, GATEWAY_OVERLOADED, text, message.id, ['Retry-After', '1'])
    return
  }
  listens.start(context, request, new HttpListenSink(context, response))
}

/** The response of a listen request: an event stream from the first message on. */
class HttpListenSink implements ListenSink {
  readonly #context: EdgeContext
  readonly #response: HttpResponse
  #live: LiveSink | undefined
  onGone: (() => void) | undefined

  constructor(context: EdgeContext, response: HttpResponse) {
    this.#context = context
    this.#response = response
    response.on('close', () => this.onGone?.())
  }

  get source(): string | undefined {
    return this.#context.addresses.of(this.#response.req)
  }

  send(body: readonly Buffer[]): void {
    this.#live ??= new LiveSink(new SseConnection(this.#context, this.#response))
    this.#live.send(body)
  }

  end(): void {
    this.#live?.end()
  }

  refuse(status: number, body: readonly Buffer[]): void {
    if (this.#live) this.#live.end()
    else answerJson(this.#response, status, body)
  }
}
