import type { AppError } from '../../../base/errors.ts'
import type { JsonObject } from '../../../base/json.ts'
import type {
  BackendConnection,
  BackendRequest,
  BackendTransport,
} from '../../backend-connection.ts'
import { mcpErrors } from '../../errors.ts'
import { META_SUBSCRIPTION_ID } from '../../meta.ts'
import type { ListenFilter, ServerDescription } from '../../messages.ts'
import { scanResponse } from '../../raw-response.ts'
import type { Reply } from '../../reply.ts'
import { LATEST_MODERN } from '../../versions.ts'
import { decodeMessage, modernReply, showId } from '../answer.ts'
import type { Incoming } from '../answer.ts'
import { failByBadAnswer } from '../bad-answer.ts'
import type { ConnectOptions } from '../connect-options.ts'
import { DEFAULT_MAX_MESSAGE_BYTES } from '../connect-options.ts'
import { discoverRequest, UNKNOWN_SERVER } from '../legacy/handshake.ts'
import type { MessagePipe } from '../message-pipe.ts'
import { rejectHopError } from './modern-errors.ts'
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
import { modernBody, notificationBody } from '../request-body.ts'
import { SkipLog } from '../stdio/skip-log.ts'

/** A server of 2026-07-28 over stdio: requests with an envelope, all answers and subscriptions through one pipe. */
export class ModernDuplex implements BackendConnection {
  readonly era = 'modern'
  readonly version = LATEST_MODERN
  readonly transport: BackendTransport
  readonly #pipe: MessagePipe
  readonly #options: ConnectOptions
  readonly #calls: PendingTable
  readonly #skipped: SkipLog
  readonly #subscriptions = new Map<unknown, ListenHandlers>()
  readonly #listen: ModernListen
  #server: ServerDescription | undefined
  #closed = false

  constructor(pipe: MessagePipe, options: ConnectOptions) {
    this.transport = pipe.transport
    this.#pipe = pipe
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
      onAbandon: (call, reason) => this.#cancel(call.id, reason),
    })
    pipe.onMessage = (bytes) => this.#receive(bytes)
    pipe.onEnd = (error) => this.#ended(error)
  }

  /** The probe has told who it is: from now on the owner is told of the end. */
  begin(server: ServerDescription): void {
    this.#server = server
  }

  get server(): ServerDescription {
    return this.#server ?? UNKNOWN_SERVER
  }

  get inFlight(): number {
    return this.#calls.size
  }

  request(request: BackendRequest): Promise<Reply> {
    const maxUnsentBytes = this.#options.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES
    const refused = this.#calls.refusal(this.#pipe, maxUnsentBytes)
    if (refused) return Promise.reject(refused)
    const call = this.#calls.open(request)
    if (!call.settled) {
      call.sent = true
      void this.#pipe.send(modernBody(call.id, request, this.#options.clientInfo), call)
    }
    return call.promise
  }

  notify(method: string, params?: JsonObject): void {
    void this.#pipe.send(notificationBody(method, params))
  }

  listen(filter: ListenFilter | undefined): Promise<ListenFilter> {
    return this.#listen.set(filter)
  }

  /** Leaves the pipe alone: it goes on with another era. */
  detach(): void {
    this.#closed = true
    this.#listen.close()
    this.#calls.end(this.#gone('the probe is over'))
  }

  async close(): Promise<void> {
    this.detach()
    await this.#pipe.close()
  }

  #gone(reason: string) {
    return mcpErrors.BACKEND_GONE({ backend: this.#options.name, reason, ran: 'unknown' })
  }

  #cancel(requestId: number, reason: string): void {
    this.notify('notifications/cancelled', { requestId, reason })
  }

  #receive(bytes: Buffer): void {
    const scanned = scanResponse(bytes)
    if (typeof scanned === 'object') {
      const call = this.#calls.byId(scanned.id)
      if (call) return this.#resolve(call, modernReply(scanned))
      if (this.#subscriptions.get(scanned.id))
        return this.#endListen(scanned.id, 'it was ended', false)
      return this.#skipped.skip(`it answers the unknown or answered request ${showId(scanned.id)}`)
    }
    if (scanned === undefined) return this.#skip('it is not a JSON-RPC message', bytes)
    const message = decodeMessage(bytes)
    if (message.kind === 'message') return this.#route(message)
    if (message.kind === 'broken') return this.#skip(message.reason, bytes)
    const { id, error } = message
    const call = this.#calls.byId(id)
    if (!call) return this.#endListen(id, error.message, true)
    if (!rejectHopError(this.#options.name, call, error)) call.resolve({ kind: 'error', error })
  }

  #skip(reason: string, bytes: Buffer): void {
    if (!failByBadAnswer(this.#calls, bytes)) this.#skipped.skip(reason, bytes)
  }

  #resolve(call: PendingCall, reply: Reply | undefined): void {
    if (reply) return call.resolve(reply)
    const reason = 'its result has an unknown resultType'
    call.reject(mcpErrors.BACKEND_PROTOCOL({ backend: this.#options.name, reason, ran: 'unknown' }))
  }

  #route(message: Incoming & { kind: 'message' }): void {
    const { method, params } = message
    const meta = params['_meta'] as JsonObject | undefined
    const subscriptionId = meta?.[META_SUBSCRIPTION_ID]
    if (subscriptionId !== undefined)
      return this.#subscribed(Number(subscriptionId), method, params)
    if (method === 'notifications/cancelled') {
      return this.#endListen(params['requestId'], 'it was cancelled', false)
    }
    if (routeModernMessage(message, this.#calls.sole(), (token) => this.#calls.byId(token))) return
    this.#skipped.skip(`it is a ${method} that belongs to nothing`)
  }

  #subscribed(id: number, method: string, tagged: JsonObject): void {
    const handlers = this.#subscriptions.get(id)
    const params = readListenParams(tagged, id)
    if (!handlers || !params) return
    if (method === 'notifications/subscriptions/acknowledged') {
      return handlers.onAcknowledged(readHonoured(params))
    }
    handlers.onNotification(method, params)
  }

  #openListen(filter: ListenFilter, handlers: ListenHandlers): ListenAttempt {
    const id = this.#calls.nextId()
    const request: BackendRequest = {
      ...discoverRequest(this.#options, 0),
      method: 'subscriptions/listen',
      params: { notifications: filter as JsonObject },
    }
    this.#subscriptions.set(id, handlers)
    void this.#pipe.send(modernBody(id, request, this.#options.clientInfo))
    return {
      abort: () => {
        if (this.#subscriptions.delete(id)) this.#cancel(id, 'no longer wanted')
      },
    }
  }

  #endListen(id: unknown, reason: string, refused: boolean): void {
    const handlers = this.#subscriptions.get(id)
    this.#subscriptions.delete(id)
    if (handlers) return handlers.onEnd(reason, refused)
    this.#skipped.skip(`it ends the unknown request ${showId(id)}`)
  }

  #ended(error: AppError): void {
    this.#listen.close()
    this.#calls.end(error)
    if (this.#server && !this.#closed) this.#options.events.onClose(error.message)
  }
}
