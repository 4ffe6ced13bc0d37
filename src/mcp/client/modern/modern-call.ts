import type { IncomingHttpHeaders } from 'node:http'
import { Cancellation } from '../../../base/cancellation.ts'
import type { JsonObject } from '../../../base/json.ts'
import type { Call } from '../../call.ts'
import type { ClientView, Principal } from '../../caller.ts'
import { clientOf } from '../../client-of.ts'
import { mcpErrors } from '../../errors.ts'
import type { AdoptCall, LateCall } from '../../late-call.ts'
import { cleanRequestMeta, progressTokenOf } from '../../meta.ts'
import type { InputAnswers, InputRequests, RequestId } from '../../messages.ts'
import { renderError, renderReply } from '../../render-reply.ts'
import type { Reply } from '../../reply.ts'
import { paramsDigest } from '../../request-state.ts'
import type { StateBinding } from '../../request-state.ts'
import { GATEWAY_FAILURE } from '../../rpc-codes.ts'
import { CallNotifications } from '../call-notifications.ts'
import type { EdgeContext } from '../context.ts'
import type { Exchange } from '../exchange.ts'
import { modernStatus, shuttingDown, toFailure } from '../failure.ts'
import type { Failure } from '../failure.ts'
import type { Flight } from './flights.ts'
import type { ModernRequest } from './modern-request.ts'
import { OpenQuestions } from '../open-questions.ts'
import { checkQuestion } from '../../question-rules.ts'

/** Requests that may be answered by `input_required` (2026-07-28, multi round-trip requests). */
export const MULTI_ROUND_METHODS: ReadonlySet<string> = new Set([
  'tools/call',
  'prompts/get',
  'resources/read',
])

/**
 * One request of a modern client on its way through the gateway, and all its retries: when a source asks, the exchange
 * ends with `input_required`, the call goes on, and the retry that brings the answers becomes its next exchange.
 */
export class ModernCall implements Call, Flight {
  readonly method: string
  readonly params: JsonObject
  readonly principal: Principal
  readonly headers?: IncomingHttpHeaders
  readonly wantsProgress: boolean
  readonly cancellation = new Cancellation()
  readonly retry?: NonNullable<Call['retry']>
  /** The latest request's: a retry may declare other capabilities. */
  client: ClientView
  /** Grows with every `input_required`: an older state is void. */
  round = 0
  place = -1
  readonly #context: EdgeContext
  #flightId: string | undefined
  #owner: string | undefined
  #requestId: RequestId
  #exchange: Exchange | undefined
  #notifications: CallNotifications | undefined
  #progressToken: string | number | undefined
  #questions: OpenQuestions | undefined
  #batching: NodeJS.Timeout | undefined
  #binding: StateBinding | undefined
  /** The answer of a call that ended while its client was away. */
  #late: Answer | undefined
  #finished = false
  /** Who gets the answer instead of the client. */
  #adopted: LateCall | undefined

  constructor(
    context: EdgeContext,
    request: ModernRequest,
    exchange: Exchange,
    retry?: ModernCall['retry'],
  ) {
    const { message, client, principal, headers } = request
    this.#context = context
    this.method = message.method
    this.#requestId = message.id
    this.client = client
    this.principal = principal
    this.#progressToken = progressTokenOf(message.params)
    this.wantsProgress = this.#progressToken !== undefined
    this.params = paramsOf(message.params, message.method)
    if (headers) this.headers = headers
    if (retry) this.retry = retry
    this.#attach(exchange)
  }

  get source(): string | undefined {
    return this.#exchange?.source
  }

  /** Names the call in its states; made when the first question comes. */
  get id(): string {
    this.#flightId ??= this.#context.newId()
    return this.#flightId
  }

  /** While the call is parked it has no address: first asked before. */
  get owner(): string {
    return (this.#owner ??= clientOf(this))
  }

  /** Hands the call to the gateway; its answer goes out by itself. */
  start(): void {
    if (this.#context.activity.closed) {
      this.#fail(shuttingDown())
      return
    }
    this.#context.activity.began(this)
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
    if (this.#finished || !this.#exchange) return
    this.#notifications ??= new CallNotifications(this.#progressToken)
    const message = this.#notifications.convert(method, params, this.client)
    if (message) this.#exchange.send(message)
  }

  async ask(requests: InputRequests): Promise<InputAnswers> {
    if (this.#finished || this.cancellation.cancelled) {
      const reason = this.cancellation.reason ?? 'it has been answered'
      throw mcpErrors.CALL_CANCELLED({ reason, ran: 'unknown' })
    }
    // The keys are the backend's: one may be named like a part of every object.
    const wire: InputRequests = Object.fromEntries(
      Object.entries(requests).map(([key, request]) => {
        const params = this.#paramsToAsk(request)
        return [key, { method: request.method, params }]
      }),
    )
    this.#context.flights.enter(this)
    this.#questions ??= new OpenQuestions()
    const answers = this.#questions.add(wire)
    this.#batching ??= setTimeout(() => this.#park(), this.#context.limits.questionBatchMs)
    return answers
  }

  get answered(): boolean {
    return this.#late !== undefined
  }

  waitsIn(round: number): boolean {
    return this.#exchange === undefined && this.round === round
  }

  resume(request: ModernRequest, exchange: Exchange, answers: InputAnswers): void {
    const { message, client } = request
    this.#context.flights.resume(this)
    this.#requestId = message.id
    this.client = client
    this.#progressToken = progressTokenOf(message.params)
    this.#notifications?.renew(this.#progressToken)
    this.#attach(exchange)
    if (this.#late) this.#finish(this.#late)
    else if (this.#questions?.answer(answers) === 'ask') this.#park()
  }

  expire(waitedMs: number): void {
    const method = this.method
    this.#questions?.reject(mcpErrors.QUESTION_EXPIRED({ method, waitedMs: Math.round(waitedMs) }))
    this.cancellation.cancel('the client did not come back with its answers')
    this.#over()
  }

  /** The client does not want the answer any more (stdio), or the edge is closed. */
  cancel(reason: string): void {
    if (this.#finished) return
    const exchange = this.#exchange
    this.#withdraw(reason)
    if (!exchange?.answersCancelled) return
    exchange.onGone = undefined
    const error = { code: GATEWAY_FAILURE, message: `Call cancelled: ${reason}` }
    exchange.respond([renderError(this.#requestId, error)])
  }

  async abandon(adopt: AdoptCall): Promise<void> {
    if (!this.#exchange) return
    const late = await adopt(this)
    if (this.#finished || !this.#exchange) {
      late.settle(undefined)
      return
    }
    this.#fail(late.error)
    this.#adopted = late
  }

  #attach(exchange: Exchange): void {
    this.#exchange = exchange
    exchange.onGone = () => {
      if (this.#exchange === exchange) this.#withdraw('the client has disconnected')
    }
  }

  #withdraw(reason: string): void {
    this.#over()
    this.#exchange = undefined
    this.cancellation.cancel(reason)
    this.#rejectQuestions(reason)
  }

  #rejectQuestions(reason: string): void {
    this.#questions?.reject(mcpErrors.CALL_CANCELLED({ reason, ran: 'unknown' }))
  }

  /** From here on nothing is sent any more. */
  #over(): void {
    this.#finished = true
    clearTimeout(this.#batching)
    this.#context.activity.ended(this)
    if (this.#questions) this.#context.flights.leave(this)
  }

  #paramsToAsk(request: InputRequests[string]): JsonObject {
    const { method } = request
    if (!MULTI_ROUND_METHODS.has(this.method)) {
      const reason = `${this.method} has no way to ask`
      throw mcpErrors.CLIENT_CANNOT_ANSWER({ method, reason, requiredCapabilities: {} })
    }
    const askable = checkQuestion(request, this.client, this.#context.newId)
    if (askable.kind === 'ask') return askable.params
    const reason = askable.kind === 'refused' ? askable.reason : 'its version cannot be asked'
    const requiredCapabilities = askable.kind === 'refused' ? askable.required : {}
    throw mcpErrors.CLIENT_CANNOT_ANSWER({ method, reason, requiredCapabilities })
  }

  /** Ends the exchange with the open questions; the call goes on without one. */
  #park(): void {
    this.#batching = undefined
    if (this.#finished || !this.#exchange || !this.#questions) return
    this.round++
    const { states, limits, flights, peers } = this.#context
    const payload = {
      flight: this.id,
      round: this.round,
      ...(peers === undefined ? {} : { replica: peers.self }),
    }
    const result = {
      inputRequests: this.#questions.toWire(),
      requestState: states.seal('flight', this.#bound(), payload, limits.parkTtlMs),
    }
    const exchange = this.#exchange
    this.#exchange = undefined
    exchange.onGone = undefined
    flights.park(this)
    exchange.respond(this.#render({ kind: 'result', result, resultType: 'input_required' }))
  }

  #reply(reply: Reply): void {
    if (this.#finished) {
      this.#adopted?.settle(reply)
      return
    }
    try {
      if (reply.kind === 'input') this.#relay(reply)
      else this.#settle(reply)
    } catch (thrown) {
      this.#fail(thrown)
    }
  }

  /** A backend that keeps no state asks: the client gets its questions and its state, sealed. */
  #relay(reply: Extract<Reply, { kind: 'input' }>): void {
    for (const request of Object.values(reply.requests ?? {})) this.#paramsToAsk(request)
    const { states, limits } = this.#context
    const result: JsonObject = {}
    if (reply.requests) result['inputRequests'] = reply.requests as unknown as JsonObject
    if (reply.state !== undefined) {
      const { state, holder } = reply
      const payload = holder === undefined ? { state } : { state, replica: holder }
      result['requestState'] = states.seal('relay', this.#bound(), payload, limits.parkTtlMs)
    }
    this.#settle({ kind: 'result', result, resultType: 'input_required' })
  }

  #settle(reply: Exclude<Reply, { kind: 'input' }>): void {
    this.#finish({ kind: 'reply', reply })
  }

  #fail(thrown: unknown): void {
    if (this.#finished) {
      this.#adopted?.settle(undefined)
      return
    }
    this.#finish({ kind: 'failure', ...toFailure(thrown, 'modern', this.#context) })
  }

  #finish(answer: Answer): void {
    this.#rejectQuestions('the call has ended')
    if (!this.#exchange) {
      // The client has not come back yet: it gets the answer when it does.
      this.#late = answer
      return
    }
    const exchange = this.#exchange
    const [body, status, headers] = this.#renderAnswer(answer)
    this.#over()
    this.#exchange = undefined
    exchange.onGone = undefined
    exchange.respond(body, status, headers)
  }

  #renderAnswer(
    answer: Answer,
  ): [body: Buffer[], status: number, headers?: readonly string[] | undefined] {
    if (answer.kind === 'failure') {
      const { error, status, headers } = answer
      return [[renderError(this.#requestId, error)], status, headers]
    }
    const { reply } = answer
    return [this.#render(reply), reply.kind === 'error' ? modernStatus(reply.error) : 200]
  }

  #render(reply: Exclude<Reply, { kind: 'input' }>): Buffer[] {
    const { method, params, client } = this
    const { info, infoJson } = this.#context
    const to = { id: this.#requestId, method, params, client, info, infoJson }
    try {
      return renderReply(reply, to)
    } catch (thrown) {
      const { error } = toFailure(thrown, 'modern', this.#context)
      return [renderError(this.#requestId, error)]
    }
  }

  #bound(): StateBinding {
    this.#binding ??= bindingOf(this.principal, this.method, this.params)
    return this.#binding
  }
}

/** What ties a state to its request. */
export function bindingOf(principal: Principal, method: string, params: JsonObject): StateBinding {
  return { principal: principal.binding, method, digest: paramsDigest(params) }
}

type Answer =
  | { readonly kind: 'reply'; readonly reply: Exclude<Reply, { kind: 'input' }> }
  | ({ readonly kind: 'failure' } & Failure)

function paramsOf(params: JsonObject | undefined, method: string): JsonObject {
  if (!params) return {}
  const cleaned = cleanRequestMeta(params)
  const isRetry = cleaned['inputResponses'] !== undefined || cleaned['requestState'] !== undefined
  if (!isRetry || !MULTI_ROUND_METHODS.has(method)) return cleaned
  const { inputResponses, requestState, ...rest } = cleaned
  return rest
}
