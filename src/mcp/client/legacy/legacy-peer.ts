import type { Cancellation } from '../../../base/cancellation.ts'
import type { Placed } from '../../../base/dense-list.ts'
import type { JsonObject } from '../../../base/json.ts'
import type { ClientView } from '../../caller.ts'
import { isRequestId } from '../../classify.ts'
import type { ClientChannel, ClientSession } from '../../client-session.ts'
import { replicaIn } from '../../edge-peers.ts'
import type { EdgeMessage } from '../../edge-peers.ts'
import { mcpErrors } from '../../errors.ts'
import type { InputRequest, RequestId, RpcNotification, RpcResponse } from '../../messages.ts'
import { INTERNAL_ERROR } from '../../rpc-codes.ts'
import type { EdgeContext } from '../context.ts'
import type { PeerHere } from '../peer-here.ts'
import { checkQuestion } from '../../question-rules.ts'
import { QuestionTable } from '../question-table.ts'
import type { SessionStreams } from './session-streams.ts'

/** A call that is not answered yet. */
interface InFlight extends Placed {
  readonly id: RequestId
  cancel(reason: string): void
}

/** The way to a client outside its requests, where it has only one: the SSE stream, the pipe. */
export interface Outlet {
  /** False if it is closed for good. */
  send(message: JsonObject): boolean
  close(): void
}

/**
 * What an edge keeps for a legacy session while it is used: calls in flight, open questions, the standalone stream.
 * Made at the first need; an idle session that only initialized has none.
 */
export class LegacyPeer implements ClientChannel, PeerHere {
  readonly session: ClientSession
  readonly context: EdgeContext
  /** Unique per process and session: begins event ids and the ids of our questions. */
  readonly epoch: string
  /** Pipes and the SSE transport; on streamable HTTP the GET stream in `streams` is the way. */
  outlet: Outlet | undefined
  /** Streamable HTTP only, from the first stream on. */
  streams: SessionStreams | undefined
  /** Mostly one; no Map, because one comes and goes with every request (docs/decisions/009). */
  #calls: InFlight[] = NONE
  #questions: QuestionTable | undefined

  constructor(context: EdgeContext, session: ClientSession) {
    this.context = context
    this.session = session
    const own = context.newId().replaceAll('-', '').slice(0, 12)
    const { peers } = context
    this.epoch = peers === undefined ? own : `${peers.self}_${own}`
    if (peers !== undefined) context.openHere.set(session.id, this)
  }

  inFlight(id: RequestId): InFlight | undefined {
    return this.#calls.find((call) => call.id === id)
  }

  began(call: InFlight): void {
    if (this.#calls === NONE) this.#calls = [call]
    else this.#calls.push(call)
    this.session.inFlight++
    this.context.activity.began(call)
  }

  ended(call: InFlight): void {
    if (this.#remove(call)) this.session.inFlight--
    this.context.activity.ended(call)
  }

  notify(method: string, params?: JsonObject): void {
    this.sendStandalone(
      params === undefined ? { jsonrpc: '2.0', method } : { jsonrpc: '2.0', method, params },
    )
  }

  ask(request: InputRequest, until?: Cancellation): Promise<JsonObject> {
    const send = (message: JsonObject): boolean => this.sendStandalone(message)
    return this.question(request, this.session.client, send, until)
  }

  sendStandalone(message: JsonObject): boolean {
    const { streamAt } = this.session
    return streamAt === undefined ? this.sendHere(message) : this.#sendThrough(streamAt, message)
  }

  sendHere(message: JsonObject): boolean {
    return this.outlet?.send(message) ?? this.streams?.sendStandalone(message) ?? false
  }

  /** Asks in the client's dialect over the given way. Rejects like `Call.ask`. */
  async question(
    request: InputRequest,
    client: ClientView,
    send: (message: JsonObject) => boolean,
    cancellation: Cancellation | undefined,
  ): Promise<JsonObject> {
    const askable = checkQuestion(request, client, this.context.newId)
    const { method } = request
    if (askable.kind === 'answered') return askable.answer
    if (askable.kind === 'refused') {
      const { reason, required } = askable
      throw mcpErrors.CLIENT_CANNOT_ANSWER({ method, reason, requiredCapabilities: required })
    }
    this.#questions ??= new QuestionTable(this.context, this.epoch)
    const answer = await this.#questions.ask(method, askable.params, send, cancellation)
    return askable.restore?.(answer) ?? answer
  }

  /**
   * A response the client sent; another replica may wait for it. Late and unknown ones are ignored. A promise: it is on its way
   * there; false: it is not known to have arrived.
   */
  answer(response: RpcResponse): Promise<boolean> | undefined {
    if (this.answerHere(response)) return undefined
    const { id } = response
    const { peers, log } = this.context
    const asker = typeof id === 'string' ? replicaIn(id) : undefined
    if (peers !== undefined && asker !== undefined && asker !== peers.self) {
      const message = response as unknown as JsonObject
      return peers
        .send(asker, this.#message('from-client', message))
        .then((delivery) => delivery !== 'silent')
    }
    log.debug({ session: this.session.id, id }, 'Ignored a response to no question')
    return undefined
  }

  answerHere(response: RpcResponse): boolean {
    return this.#questions?.answer(response) === true
  }

  cancelHere({ params = {} }: RpcNotification): boolean {
    const id = params['requestId']
    const call = isRequestId(id) ? this.inFlight(id) : undefined
    if (call === undefined) return false
    const reason = params['reason']
    call.cancel(typeof reason === 'string' ? reason : 'cancelled by the client')
    return true
  }

  /** The client takes back a request; another replica may run it. A promise: it is on its way there. */
  cancel(notification: RpcNotification): Promise<void> | undefined {
    if (this.cancelHere(notification)) return undefined
    const message = notification as unknown as JsonObject
    return this.context.peers?.sendAll(this.#message('from-client', message))
  }

  /** Cancels all calls in flight; the session goes on. */
  cancelCalls(reason: string): void {
    for (const call of [...this.#calls]) call.cancel(reason)
  }

  hangUp(): void {
    this.streams?.hangUp()
  }

  close(): void {
    this.cancelCalls('the session has ended')
    this.#questions?.rejectAll('the session has ended')
    this.outlet?.close()
    this.outlet = undefined
    this.streams?.close()
    if (this.context.openHere.get(this.session.id) === this) {
      this.context.openHere.delete(this.session.id)
    }
  }

  /** The client's stream ends in another replica. */
  #sendThrough(replica: string, message: JsonObject): boolean {
    const { peers, log } = this.context
    void peers?.send(replica, this.#message('to-client', message)).then((delivery) => {
      if (delivery === 'taken') return
      // The client came back to another one meanwhile.
      if (this.session.streamAt !== replica) {
        if (this.sendStandalone(message)) return
      }
      log.debug({ session: this.session.id, replica }, 'Cannot reach the stream of a client')
      const { id } = message
      // Nobody will answer what nobody was asked.
      const error = { code: INTERNAL_ERROR, message: 'the client has no stream open' }
      if (typeof id === 'string') this.answerHere({ jsonrpc: '2.0', id, error })
    })
    return true
  }

  #message(kind: EdgeMessage['kind'], message: JsonObject): EdgeMessage {
    return { kind, session: this.session.id, principal: this.session.principal, message }
  }

  #remove(call: InFlight): boolean {
    const at = this.#calls.indexOf(call)
    if (at < 0) return false
    const last = this.#calls.pop()!
    if (last !== call) this.#calls[at] = last
    return true
  }
}

/** Shared by the many sessions that only wait; never written. */
const NONE: InFlight[] = []
