import { isAppError } from '../../../base/errors.ts'
import type { JsonObject } from '../../../base/json.ts'
import type { Logger } from '../../../telemetry/logger.ts'
import type { ConnectionEvents } from '../../backend-connection.ts'
import type { InputRequest, RpcError } from '../../messages.ts'
import { INTERNAL_ERROR, METHOD_NOT_FOUND } from '../../rpc-codes.ts'
import type { PendingCall } from '../pending-call.ts'
import type { Turns } from './turns.ts'

const ASKABLE = new Set(['elicitation/create', 'sampling/createMessage', 'roots/list'])

/**
 * On one connection, which may be that of all modern clients: theirs are bounded where they wait (`ClientLimits.maxParkedTotal`). Each
 * is kept, by the client too, until somebody has answered it.
 */
const MAX_OPEN = 5_000

/** Server-to-client requests of a legacy backend: asked of whom they concern, answered over `send`. */
export class Questions {
  readonly #events: ConnectionEvents
  readonly #log: Logger
  readonly #send: (body: string) => void
  readonly #open = new Set<unknown>()
  readonly #turns: Turns | undefined

  constructor(options: {
    events: ConnectionEvents
    log: Logger
    /** Posts an answer; never throws. */
    send: (body: string) => void
    /** For connections on which a question does not say whose it is. */
    turns?: Turns
  }) {
    this.#events = options.events
    this.#log = options.log
    this.#send = options.send
    this.#turns = options.turns
  }

  /** A request with this id has come; it belongs to `call`, or to none. */
  ask(id: unknown, method: string, params: JsonObject, call: PendingCall | undefined): void {
    if (method === 'ping') return this.#send(JSON.stringify({ jsonrpc: '2.0', id, result: {} }))
    if (!ASKABLE.has(method)) {
      const error = { code: METHOD_NOT_FOUND, message: `Method not found: ${method}` }
      return this.#send(JSON.stringify({ jsonrpc: '2.0', id, error }))
    }
    if (this.#open.size >= MAX_OPEN) {
      const error = { code: INTERNAL_ERROR, message: `${MAX_OPEN} questions wait for an answer` }
      return this.#send(JSON.stringify({ jsonrpc: '2.0', id, error }))
    }
    this.#open.add(id)
    if (call) {
      call.questions++
      call.askedMs = performance.now()
      // Told here: an answer may come before the next look at the time-outs.
      call.seenMs = call.askedMs
      this.#turns?.asked(call)
    }
    void this.#answer({ method, params } as InputRequest, call)
      .then(
        (result) => ({ jsonrpc: '2.0', id, result }),
        (error: unknown) => ({ jsonrpc: '2.0', id, error: this.#toRpcError(method, error) }),
      )
      .then(async (response) => {
        if (call) {
          // Once it has its answer it may ask again: it runs in its turn.
          await this.#turns?.take(call)
          call.questions--
          // The backend could say nothing before: its silence begins now.
          call.seenMs = performance.now()
        }
        if (this.#open.delete(id)) this.#send(JSON.stringify(response))
      })
  }

  /** The backend takes a question back: whatever the answer, it is not sent. */
  cancelled(id: unknown): void {
    this.#open.delete(id)
  }

  async #answer(question: InputRequest, call: PendingCall | undefined): Promise<JsonObject> {
    const ask = call?.request.onQuestion
    return ask ? ask(question) : this.#events.onQuestion(question)
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
