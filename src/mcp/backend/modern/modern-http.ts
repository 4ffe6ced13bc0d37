import type { JsonObject } from '../../../base/json.ts'
import type {
  BackendConnection,
  BackendRequest,
  BackendTransport,
} from '../../backend-connection.ts'
import { mcpErrors } from '../../errors.ts'
import type { ListenFilter, RpcError, ServerDescription } from '../../messages.ts'
import type { RawResponse } from '../../raw-response.ts'
import type { Reply } from '../../reply.ts'
import { METHOD_NOT_FOUND } from '../../rpc-codes.ts'
import { LATEST_MODERN } from '../../versions.ts'
import { decodeMessage, modernReply } from '../answer.ts'
import type { Incoming } from '../answer.ts'
import type { ConnectOptions } from '../connect-options.ts'
import { openEventStream } from '../http/event-stream.ts'
import { discoverRequest } from '../legacy/handshake.ts'
import type { HttpEndpoint } from '../http/http-endpoint.ts'
import { HttpExchange } from '../http/http-exchange.ts'
import type { ExchangeOwner, StreamPosition } from '../http/http-exchange.ts'
import { refusal, refusalError } from '../http/http-refusal.ts'
import { Lingering } from '../http/lingering.ts'
import { rejectHopError } from './modern-errors.ts'
import { modernHeaders } from './modern-headers.ts'
import { routeModernMessage } from './modern-inbound.ts'
import {
  createModernListen,
  possiblyMissed,
  readHonoured,
  readListenParams,
} from './modern-listen.ts'
import type { ListenAttempt, ListenHandlers, ModernListen } from './modern-listen.ts'
import type { PendingCall } from '../pending-call.ts'
import { PendingTable } from '../pending-table.ts'
import { probe } from '../probe.ts'
import { modernBody } from '../request-body.ts'
import { SkipLog } from '../stdio/skip-log.ts'

const RECHECK_PAUSE_MS = 5000

/** A modern endpoint: no state but what is in flight. Opening it asks nothing: `server` is known from the probe. */
export function openModernHttp(
  endpoint: HttpEndpoint,
  server: ServerDescription,
  options: ConnectOptions,
): ModernHttp {
  return new ModernHttp(endpoint, server, options)
}

export class ModernHttp implements BackendConnection, ExchangeOwner {
  readonly era = 'modern'
  readonly transport: BackendTransport = 'streamable-http'
  readonly version = LATEST_MODERN
  server: ServerDescription
  endpoint: HttpEndpoint
  readonly #options: ConnectOptions
  readonly #calls: PendingTable
  readonly #skipped: SkipLog
  readonly #lingering = new Lingering()
  readonly #listen: ModernListen
  #ended: string | undefined
  #recheck: Promise<boolean> | undefined

  constructor(endpoint: HttpEndpoint, server: ServerDescription, options: ConnectOptions) {
    this.endpoint = endpoint
    this.server = server
    this.#options = options
    this.#listen = createModernListen({
      name: options.name,
      open: (filter, handlers) => this.#openListen(filter, handlers),
      onNotification: (method, params) => options.events.onNotification(method, params),
      onMended: (honoured) => {
        for (const method of possiblyMissed(honoured)) options.events.onNotification(method, {})
      },
      onBroken: (reason) => options.log.info({ backend: options.name, reason }, 'Listening again'),
      ackTimeoutMs: 10_000,
    })
    this.#skipped = new SkipLog(options.log, options.name)
    this.#calls = new PendingTable({
      name: options.name,
      // Ending the stream is the cancellation (2026-07-28 transports, "Cancellation").
      onAbandon: (call) => call.stream?.abort(),
    })
  }

  get inFlight(): number {
    return this.#calls.size
  }

  request(request: BackendRequest): Promise<Reply> {
    if (this.#ended !== undefined) {
      const lost = { backend: this.#options.name, reason: this.#ended, ran: 'no' as const }
      return Promise.reject(mcpErrors.BACKEND_SESSION_LOST(lost))
    }
    const call = this.#calls.open(request)
    if (!call.settled) {
      const body = modernBody(call.id, request, this.#options.clientInfo)
      const headers = this.endpoint.headers(modernHeaders(request), request.headers)
      new HttpExchange(call, this, body, headers).start()
    }
    return call.promise
  }

  /** The core of 2026-07-28 has no notification from client to server over HTTP. */
  notify(): void {}

  listen(filter: ListenFilter | undefined): Promise<ListenFilter> {
    return this.#listen.set(filter)
  }

  async close(): Promise<void> {
    this.#ended ??= 'the connection was closed'
    this.#listen.close()
    this.#lingering.close()
    for (const call of this.#calls.all()) call.stream?.abort()
    const reason = 'the connection was closed'
    this.#calls.end(mcpErrors.BACKEND_GONE({ backend: this.#options.name, reason, ran: 'unknown' }))
  }

  moved(endpoint: HttpEndpoint): void {
    this.endpoint = endpoint
  }

  onResult(call: PendingCall, response: RawResponse): void {
    const reply = modernReply(response)
    if (reply) return call.resolve(reply)
    const reason = 'its result has an unknown resultType'
    call.reject(mcpErrors.BACKEND_PROTOCOL({ backend: this.#options.name, reason, ran: 'unknown' }))
  }

  onError(call: PendingCall, message: Incoming & { kind: 'error' }, httpStatus: number): void {
    const { error } = message
    if (rejectHopError(this.#options.name, call, error)) return
    // A legacy server that took this one's place does not know methods, or us.
    if (error.code === METHOD_NOT_FOUND || httpStatus === 400) return this.#doubt(call, error)
    call.resolve({ kind: 'error', error })
  }

  onMessage(call: PendingCall, message: Incoming & { kind: 'message' }): void {
    const owner = call.settled ? undefined : call
    if (routeModernMessage(message, owner, (token) => this.#calls.byId(token))) return
    this.#skipped.skip(`it is a ${message.method} that belongs to nothing`)
  }

  onRefused(call: PendingCall, httpStatus: number, body: Buffer): void {
    const message = refusalError(body)
    if (message && rejectHopError(this.#options.name, call, message.error)) return
    if (message?.id === call.id) return this.onError(call, message, httpStatus)
    if (httpStatus === 400 || httpStatus === 404 || httpStatus === 405) {
      return this.#doubt(call, message?.error, httpStatus, body)
    }
    call.reject(refusal(this.#options.name, httpStatus, body))
  }

  /** A broken stream is a lost request: there is nothing to resume (2026-07-28). */
  onStreamEnd(call: PendingCall, _: StreamPosition, failure: string | undefined): void {
    const reason = failure ?? 'the stream ended before the response'
    call.reject(mcpErrors.BACKEND_GONE({ backend: this.#options.name, reason, ran: 'unknown' }))
  }

  linger(exchange: HttpExchange): void {
    this.#lingering.add(exchange)
  }

  ended(exchange: HttpExchange): void {
    if (exchange.lingersSinceMs > 0) this.#lingering.delete(exchange)
  }

  /**
   * An answer that a legacy server could have given too: is this still a modern one? If so the answer stands, else the
   * connection is over, and the request has provably not been executed.
   */
  #doubt(
    call: PendingCall,
    error: RpcError | undefined,
    httpStatus = 0,
    body: Buffer = EMPTY,
  ): void {
    const stands = () => {
      if (error) call.resolve({ kind: 'error', error })
      else call.reject(refusal(this.#options.name, httpStatus, body))
    }
    if (call.request.method === 'server/discover') return stands()
    void this.#isStillModern().then((modern) => {
      if (modern) return stands()
      const reason = 'it does not speak 2026-07-28 any more'
      const lost = { backend: this.#options.name, reason, ran: 'no' as const }
      call.reject(mcpErrors.BACKEND_SESSION_LOST(lost))
      if (this.#ended !== undefined) return
      this.#ended = reason
      this.#listen.close()
      this.#options.events.onClose(reason)
    })
  }

  /** Asked at most once in a while, whatever clients send. */
  #isStillModern(): Promise<boolean> {
    this.#recheck ??= this.#askAgain().finally(() => {
      setTimeout(() => (this.#recheck = undefined), RECHECK_PAUSE_MS).unref()
    })
    return this.#recheck
  }

  async #askAgain(): Promise<boolean> {
    const timeoutMs = this.#options.connectTimeoutMs
    const verdict = await probe((request) => this.request(request), this.#options, timeoutMs)
    // Who cannot be asked now has not changed its era: the answer that raised the doubt stands.
    return verdict.kind === 'modern' || verdict.kind === 'inconclusive'
  }

  #openListen(filter: ListenFilter, handlers: ListenHandlers): ListenAttempt {
    const id = this.#calls.nextId()
    const request: BackendRequest = {
      ...discoverRequest(this.#options, 0),
      method: 'subscriptions/listen',
      params: { notifications: filter as JsonObject },
    }
    const { endpoint } = this
    return openEventStream(
      {
        endpoint,
        method: 'POST',
        headers: endpoint.headers(modernHeaders(request)),
        body: modernBody(id, request, this.#options.clientInfo),
      },
      {
        onEvent(data, event) {
          if (event === '' || event === 'message') readListenMessage(data, id, handlers)
        },
        onEnd(end) {
          if (end.kind === 'refused') {
            const said = refusalError(Buffer.from(end.body))?.error.message
            return handlers.onEnd(said ?? `HTTP ${end.httpStatus}`, end.httpStatus < 500)
          }
          handlers.onEnd(end.kind === 'ended' ? 'the stream ended' : end.reason, false)
        },
      },
    )
  }
}

/** One message of a listen stream: the acknowledgement first, then what was asked for; the response ends it. */
function readListenMessage(data: Buffer, id: number, handlers: ListenHandlers): void {
  const message = decodeMessage(data)
  if (message.kind === 'error') return handlers.onEnd(message.error.message, true)
  if (message.kind !== 'message' || message.id !== undefined) return
  const params = readListenParams(message.params, id)
  if (params === undefined) return
  if (message.method === 'notifications/subscriptions/acknowledged') {
    return handlers.onAcknowledged(readHonoured(params))
  }
  if (message.method !== 'notifications/cancelled') handlers.onNotification(message.method, params)
}

const EMPTY = Buffer.alloc(0)
