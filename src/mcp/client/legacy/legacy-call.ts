import type { IncomingHttpHeaders } from 'node:http'
import { Cancellation } from '../../../base/cancellation.ts'
import type { JsonObject } from '../../../base/json.ts'
import type { Call } from '../../call.ts'
import type { ClientView, Principal } from '../../caller.ts'
import type { ClientSession } from '../../client-session.ts'
import type { AdoptCall, LateCall } from '../../late-call.ts'
import { cleanRequestMeta, progressTokenOf } from '../../meta.ts'
import type { InputAnswers, InputRequests, RequestId, RpcRequest } from '../../messages.ts'
import { renderError, renderReply } from '../../render-reply.ts'
import { resultReply } from '../../reply.ts'
import type { Reply } from '../../reply.ts'
import { GATEWAY_FAILURE, RATE_LIMITED } from '../../rpc-codes.ts'
import { CallNotifications } from '../call-notifications.ts'
import type { EdgeContext } from '../context.ts'
import type { Exchange } from '../exchange.ts'
import { limitAsToolResult, shuttingDown, toFailure } from '../failure.ts'
import type { LegacyPeer } from './legacy-peer.ts'

/** One request of a legacy client on its way through the gateway. */
export class LegacyCall implements Call {
  readonly method: string
  readonly params: JsonObject
  readonly client: ClientView
  readonly principal: Principal
  readonly session: ClientSession
  readonly headers?: IncomingHttpHeaders
  readonly cancellation = new Cancellation()
  readonly id: RequestId
  place = -1
  readonly #context: EdgeContext
  readonly #peer: LegacyPeer
  readonly #exchange: Exchange
  readonly #progressToken: string | number | undefined
  #notifications: CallNotifications | undefined
  #finished = false
  #late: LateCall | undefined

  constructor(
    context: EdgeContext,
    peer: LegacyPeer,
    message: RpcRequest,
    exchange: Exchange,
    headers: IncomingHttpHeaders | undefined,
  ) {
    this.#context = context
    this.#peer = peer
    this.#exchange = exchange
    this.id = message.id
    this.method = message.method
    this.#progressToken = progressTokenOf(message.params)
    this.params = message.params ? cleanRequestMeta(message.params) : {}
    this.session = peer.session
    this.client = peer.session.client
    this.principal = peer.session.principal
    if (headers) this.headers = headers
  }

  get source(): string | undefined {
    return this.#exchange.source
  }

  get wantsProgress(): boolean {
    return this.#progressToken !== undefined
  }

  /** Hands the call to the gateway; its answer goes out by itself. */
  start(): void {
    if (this.#context.activity.closed) {
      this.#fail(shuttingDown())
      return
    }
    this.#peer.began(this)
    let replied: Promise<Reply>
    try {
      replied = this.#context.port.call(this)
    } catch (thrown) {
      this.#fail(thrown)
      return
    }
    replied.then(
      (reply) => this.#reply(reply),
      (thrown: unknown) => this.#fail(thrown),
    )
  }

  notify(method: string, params: JsonObject): void {
    if (this.#finished) return
    this.#notifications ??= new CallNotifications(this.#progressToken)
    const message = this.#notifications.convert(method, params, this.client)
    if (message) this.#exchange.send(message)
  }

  async ask(requests: InputRequests, until?: Cancellation): Promise<InputAnswers> {
    const round = new Cancellation()
    const unlink = this.cancellation.onCancel((reason) => round.cancel(reason))
    const unlinkOwn = until?.onCancel((reason) => round.cancel(reason))
    const answers = Object.entries(requests).map(async ([key, request]) => {
      const send = (message: JsonObject): boolean =>
        this.#exchange.send(message) || this.#peer.sendStandalone(message)
      return [key, await this.#peer.question(request, this.client, send, round)]
    })
    try {
      return Object.fromEntries(await Promise.all(answers)) as InputAnswers
    } catch (error) {
      // Without one answer the others are of no use: the client need not go on asking its user.
      round.cancel('another question of the same call was not answered')
      throw error
    } finally {
      unlink()
      unlinkOwn?.()
    }
  }

  closeStream(retryMs: number): void {
    if (!this.#finished) this.#exchange.closeStream?.(retryMs)
  }

  /** The client does not want the answer any more, or the session is over. */
  cancel(reason: string): void {
    if (this.#finished) return
    this.cancellation.cancel(reason)
    const error = { code: GATEWAY_FAILURE, message: `Call cancelled: ${reason}` }
    this.#finish(this.#exchange.answersCancelled ? [renderError(this.id, error)] : undefined)
  }

  async abandon(adopt: AdoptCall): Promise<void> {
    const late = await adopt(this)
    if (this.#finished) {
      late.settle(undefined)
      return
    }
    this.#fail(late.error)
    this.#late = late
  }

  #reply(reply: Reply): void {
    if (this.#finished) {
      this.#late?.settle(reply)
      return
    }
    if (reply.kind === 'input') {
      // The gateway asks legacy clients itself; a reply that asks again is a mistake there.
      this.#fail(new TypeError('A legacy call was answered by input_required'))
      return
    }
    try {
      this.#finish(this.#render(reply))
    } catch (thrown) {
      this.#fail(thrown)
    }
  }

  #fail(thrown: unknown): void {
    if (this.#finished) {
      this.#late?.settle(undefined)
      return
    }
    const { error, status, headers } = toFailure(thrown, 'legacy', this.#context)
    if (error.code === RATE_LIMITED && this.method === 'tools/call') {
      this.#finish(this.#render(resultReply(limitAsToolResult(error))), 200, headers)
    } else this.#finish([renderError(this.id, error)], status, headers)
  }

  #render(reply: Exclude<Reply, { kind: 'input' }>): Buffer[] {
    const { id, method, params, client } = this
    const { info, infoJson } = this.#context
    return renderReply(reply, { id, method, params, client, info, infoJson })
  }

  #finish(body?: readonly Buffer[], status?: number, headers?: readonly string[]): void {
    this.#finished = true
    this.#peer.ended(this)
    if (body) this.#exchange.respond(body, status, headers)
  }
}
