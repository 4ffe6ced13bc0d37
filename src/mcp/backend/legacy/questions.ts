import { isAppError } from '../../../base/errors.ts'
import type { JsonObject } from '../../../base/json.ts'
import type { Logger } from '../../../telemetry/logger.ts'
import type { ConnectionEvents } from '../../backend-connection.ts'
import type { InputRequest, RpcError } from '../../messages.ts'
import { INTERNAL_ERROR, METHOD_NOT_FOUND } from '../../rpc-codes.ts'
import type { PendingCall } from '../pending-call.ts'
import type { Attribution } from './attribution.ts'

const ASKABLE = new Set(['elicitation/create', 'sampling/createMessage', 'roots/list'])

/**
 * On one connection, which may be that of all modern clients: theirs are bounded where they wait (`ClientLimits.maxParkedTotal`). Each
 * is kept, by the client too, until somebody has answered it.
 */
const MAX_OPEN = 5_000
/** So long a question of one of several calls waits for the others to end, in milliseconds. */
const MAX_HOLD_MS = 15_000

/** Whose question it is: a call's; said nowhere; or nobody's, because its call is over. */
export type Asker = PendingCall | 'unsaid' | 'nobody'

interface Held {
  readonly id: unknown
  readonly question: InputRequest
  /** It may be that of a call that was given up. */
  readonly perhapsOfGhost: boolean
  readonly timer: NodeJS.Timeout
}

export interface QuestionsOptions {
  readonly events: ConnectionEvents
  readonly log: Logger
  /** Posts an answer; never throws. */
  readonly send: (body: string) => void
  readonly attribution: Attribution
}

/** Server-to-client requests of a legacy backend: asked of whom they concern, answered over `send`. */
export class Questions {
  readonly #events: ConnectionEvents
  readonly #log: Logger
  readonly #send: (body: string) => void
  readonly #open = new Set<unknown>()
  readonly #attribution: Attribution
  /** In the order in which they came. */
  #held: Held[] = []

  constructor(options: QuestionsOptions) {
    this.#events = options.events
    this.#log = options.log
    this.#send = options.send
    this.#attribution = options.attribution
    options.attribution.onChange = () => {
      if (this.#held.length > 0) this.#settleHeld()
    }
  }

  /** A request with this id has come. */
  ask(id: unknown, method: string, params: JsonObject, asker: Asker): void {
    if (method === 'ping') return this.#send(JSON.stringify({ jsonrpc: '2.0', id, result: {} }))
    if (!ASKABLE.has(method)) {
      return this.#refuse(id, METHOD_NOT_FOUND, `Method not found: ${method}`)
    }
    if (this.#open.size >= MAX_OPEN) {
      return this.#refuse(id, INTERNAL_ERROR, `${MAX_OPEN} questions wait for an answer`)
    }
    this.#open.add(id)
    const question = { method, params } as InputRequest
    if (asker === 'unsaid') return this.#find(id, question)
    if (asker === 'nobody') return void this.#answer(id, question, undefined)
    this.#attribution.saysWho(asker)
    void this.#answer(id, question, asker)
  }

  /** The backend takes a question back: whatever the answer, it is not sent. */
  cancelled(id: unknown): void {
    this.#open.delete(id)
    for (const held of this.#held) if (held.id === id) this.#release(held)
  }

  /** The connection has ended. */
  close(): void {
    for (const held of this.#held) this.#release(held)
  }

  #find(id: unknown, question: InputRequest): void {
    const asker = this.#attribution.asker()
    if (typeof asker === 'object') return this.#askUnsaid(id, question, asker)
    // Many ask for roots as soon as they are connected, and do without: that need not belong to any call.
    const mayHold = !this.#events.isOwned && question.method !== 'roots/list'
    if (asker === 'several' && mayHold) return this.#hold(id, question)
    if (asker === 'several') this.#attribution.gaveUp()
    if (asker === 'gone') this.#attribution.ghostRefused()
    void this.#answer(id, question, undefined)
  }

  #askUnsaid(id: unknown, question: InputRequest, call: PendingCall): void {
    void this.#answer(id, question, call, () => this.#attribution.goesOn(call))
    this.#attribution.asked(call)
  }

  /** One of several clients must not be asked what another one's call wants to know. */
  #hold(id: unknown, question: InputRequest): void {
    const timer = setTimeout(() => this.#giveUp(held), MAX_HOLD_MS).unref()
    const perhapsOfGhost = this.#attribution.hasGhosts
    const held: Held = { id, question, perhapsOfGhost, timer }
    this.#held.push(held)
  }

  #settleHeld(): void {
    for (const held of [...this.#held]) {
      const asker = this.#attribution.asker()
      if (asker === 'several') return
      // One of them is that of a call that was given up, and it is not clear which.
      const isUnclear = held.perhapsOfGhost && this.#held.length > 1
      if (typeof asker === 'string' || isUnclear) {
        this.#giveUp(held)
        continue
      }
      this.#release(held)
      this.#askUnsaid(held.id, held.question, asker)
    }
  }

  #giveUp(held: Held): void {
    this.#release(held)
    if (this.#attribution.asker() === 'gone') this.#attribution.ghostRefused()
    else this.#attribution.gaveUp()
    void this.#answer(held.id, held.question, undefined)
  }

  #release(held: Held): void {
    clearTimeout(held.timer)
    this.#held = this.#held.filter((each) => each !== held)
  }

  /** Never rejects. `call` undefined: whoever owns the connection is asked. */
  async #answer(
    id: unknown,
    question: InputRequest,
    call: PendingCall | undefined,
    goesOn?: () => Promise<void> | undefined,
  ): Promise<void> {
    if (call) {
      call.questions++
      call.askedMs = performance.now()
      // Told here: an answer may come before the next look at the time-outs.
      call.seenMs = call.askedMs
    }
    const response = await this.#responseTo(id, question, call)
    if (call) {
      await goesOn?.()
      call.questions--
      // The backend could say nothing before: its silence begins now.
      call.seenMs = performance.now()
    }
    if (this.#open.delete(id)) this.#send(JSON.stringify(response))
  }

  async #responseTo(
    id: unknown,
    question: InputRequest,
    call: PendingCall | undefined,
  ): Promise<JsonObject> {
    const ask = call?.request.onQuestion
    try {
      const result = await (ask ? ask(question) : this.#events.onQuestion(question))
      return { jsonrpc: '2.0', id: id as string, result }
    } catch (error) {
      const own = this.#toRpcError(question.method, error)
      return { jsonrpc: '2.0', id: id as string, error: own as unknown as JsonObject }
    }
  }

  #refuse(id: unknown, code: number, message: string): void {
    this.#send(JSON.stringify({ jsonrpc: '2.0', id, error: { code, message } }))
  }

  #toRpcError(method: string, error: unknown): RpcError {
    if (!isAppError(error)) {
      this.#log.error({ err: error, method }, 'Cannot answer a question of the backend')
      return { code: INTERNAL_ERROR, message: 'Internal error' }
    }
    const own = error.details['error'] as RpcError | undefined
    if (error.code === 'MCP_CLIENT_ERROR' && own) return own
    const code = error.code === 'MCP_CLIENT_CANNOT_ANSWER' ? METHOD_NOT_FOUND : INTERNAL_ERROR
    return { code, message: error.message }
  }
}
