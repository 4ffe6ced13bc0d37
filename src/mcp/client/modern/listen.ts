import { isJsonObject } from '../../../base/json.ts'
import type { Json, JsonObject } from '../../../base/json.ts'
import { clientOf } from '../../client-of.ts'
import type { Listening } from '../../gateway-port.ts'
import { META_SERVER_INFO, META_SUBSCRIPTION_ID, withMetaKey } from '../../meta.ts'
import type { ListenFilter, RpcRequest } from '../../messages.ts'
import { renderError, renderPlain } from '../../render-reply.ts'
import { INVALID_PARAMS } from '../../rpc-codes.ts'
import { mcpErrors } from '../../errors.ts'
import type { EdgeContext } from '../context.ts'
import { toFailure } from '../failure.ts'
import type { ModernRequest } from './modern-request.ts'

/** Where a subscription's messages go: an event stream of its own, or the pipe. */
export interface ListenSink {
  /** Address the client calls from; undefined on stdio. */
  readonly source?: string | undefined
  send(body: readonly Buffer[]): void
  /** After the closing result. */
  end(): void
  /** Instead of a stream, if the subscription was refused. */
  refuse(status: number, body: readonly Buffer[]): void
  onGone: (() => void) | undefined
}

/** The open `subscriptions/listen` of an edge (2026-07-28 subscriptions). */
export class Listens {
  readonly #open = new Set<Listen>()
  readonly #perOwner = new Map<string, number>()

  get size(): number {
    return this.#open.size
  }

  /** Serves one request: acknowledgement first, then tagged notifications, at last the closing result. */
  start(context: EdgeContext, request: ModernRequest, sink: ListenSink): Listen | undefined {
    const { message, principal } = request
    const filter = readFilter(message)
    if (!filter) {
      const text = `Member "notifications" must be a filter: booleans, and lists of up to ${MAX_FOLLOWED} strings`
      sink.refuse(200, [renderError(message.id, { code: INVALID_PARAMS, message: text })])
      return undefined
    }
    const owner = clientOf({ principal, source: sink.source })
    const own = this.#perOwner.get(owner) ?? 0
    const { maxListensPerClient, maxListensTotal } = context.limits
    if (own >= maxListensPerClient || this.#open.size >= maxListensTotal) {
      const limit = own >= maxListensPerClient ? maxListensPerClient : maxListensTotal
      const { error, status } = toFailure(mcpErrors.TOO_MANY_LISTENS({ limit }), 'modern', context)
      sink.refuse(status, [renderError(message.id, error)])
      return undefined
    }
    this.#perOwner.set(owner, own + 1)
    const listen = new Listen(context, message, sink, () => this.#ended(listen, owner))
    this.#open.add(listen)
    void listen.begin(request, filter)
    return listen
  }

  /** Sends every closing result. */
  endAll(): void {
    for (const listen of this.#open) listen.end()
  }

  #ended(listen: Listen, owner: string): void {
    this.#open.delete(listen)
    const left = (this.#perOwner.get(owner) ?? 1) - 1
    if (left > 0) this.#perOwner.set(owner, left)
    else this.#perOwner.delete(owner)
  }
}

/** One subscription. */
export class Listen {
  readonly #context: EdgeContext
  readonly #message: RpcRequest
  readonly #sink: ListenSink
  readonly #onEnd: () => void
  /** What came before the acknowledgement could be sent. */
  #waiting: JsonObject[] | undefined = []
  #listening: Listening | undefined
  #ended = false

  constructor(context: EdgeContext, message: RpcRequest, sink: ListenSink, onEnd: () => void) {
    this.#context = context
    this.#message = message
    this.#sink = sink
    this.#onEnd = onEnd
    sink.onGone = () => this.stop()
  }

  async begin({ client, principal }: ModernRequest, filter: ListenFilter): Promise<void> {
    try {
      const listening = await this.#context.port.listen({
        filter,
        client,
        principal,
        sink: (method, params) => this.#notify(method, params),
        onEnd: () => this.end(),
      })
      if (this.#ended) {
        listening.stop()
        return
      }
      this.#listening = listening
      const notifications = listening.honoured as unknown as JsonObject
      this.#send('notifications/subscriptions/acknowledged', { notifications })
      const waiting = this.#waiting ?? []
      this.#waiting = undefined
      for (const message of waiting) this.#sink.send([toBuffer(message)])
    } catch (thrown) {
      if (!this.#close()) return
      const { error, status } = toFailure(thrown, 'modern', this.#context)
      this.#sink.refuse(status, [renderError(this.#message.id, error)])
    }
  }

  /** The gateway ends it: closing result, then the end of the stream. */
  end(): void {
    if (!this.#close()) return
    const tagged = withMetaKey({}, META_SUBSCRIPTION_ID, this.#message.id)
    const result = withMetaKey(tagged, META_SERVER_INFO, this.#context.info)
    this.#sink.send([renderPlain(this.#message.id, { resultType: 'complete', ...result })])
    this.#sink.end()
  }

  /** The client has ended it. */
  stop(): void {
    this.#close()
  }

  #close(): boolean {
    if (this.#ended) return false
    this.#ended = true
    this.#sink.onGone = undefined
    this.#listening?.stop()
    this.#onEnd()
    return true
  }

  #notify(method: string, params: JsonObject): void {
    if (this.#ended) return
    if (this.#waiting) this.#waiting.push(this.#tagged(method, params))
    else this.#send(method, params)
  }

  #send(method: string, params: JsonObject): void {
    this.#sink.send([toBuffer(this.#tagged(method, params))])
  }

  #tagged(method: string, params: JsonObject): JsonObject {
    const tagged = withMetaKey(params, META_SUBSCRIPTION_ID, this.#message.id)
    return { jsonrpc: '2.0', method, params: tagged }
  }
}

function readFilter(message: RpcRequest): ListenFilter | undefined {
  const wanted = message.params?.['notifications']
  if (!isJsonObject(wanted)) return undefined
  const filter: ListenFilter = {}
  for (const key of FLAGS) {
    const value = wanted[key]
    if (value === true) filter[key] = true
    else if (value !== undefined && value !== false) return undefined
  }
  for (const key of LISTS) {
    const value = wanted[key]
    if (value === undefined) continue
    if (!isStrings(value) || value.length > MAX_FOLLOWED) return undefined
    filter[key] = value
  }
  return filter
}

/** Resources or tasks that one subscription can follow. */
const MAX_FOLLOWED = 1_000

const FLAGS = ['toolsListChanged', 'promptsListChanged', 'resourcesListChanged'] as const
const LISTS = ['resourceSubscriptions', 'taskIds'] as const

function isStrings(value: Json): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

function toBuffer(message: JsonObject): Buffer {
  return Buffer.from(JSON.stringify(message))
}
