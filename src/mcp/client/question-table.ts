import type { Cancellation } from '../../base/cancellation.ts'
import type { JsonObject } from '../../base/json.ts'
import { mcpErrors } from '../errors.ts'
import type { RpcResponse } from '../messages.ts'
import type { EdgeContext } from './context.ts'
import type { Ticking } from './ticker.ts'

/** Sends a message to the client; false if there is no way to it. */
type Send = (message: JsonObject) => boolean

interface Question {
  readonly method: string
  readonly startMs: number
  readonly send: Send
  settle(outcome: JsonObject | Error): void
}

/** The requests a legacy client has been sent and has not answered; ids are our own and never used twice. */
export class QuestionTable implements Ticking {
  place = -1
  readonly #context: EdgeContext
  readonly #prefix: string
  readonly #open = new Map<string, Question>()
  #next = 1

  constructor(context: EdgeContext, prefix: string) {
    this.#context = context
    this.#prefix = prefix
  }

  /** Asks and waits, for `limits.questionTimeoutMs`. Rejects like `Call.ask`. */
  ask(
    method: string,
    params: JsonObject,
    send: Send,
    cancellation: Cancellation | undefined,
  ): Promise<JsonObject> {
    const id = `${this.#prefix}-${this.#next++}`
    return new Promise((resolve, reject) => {
      let stopListening = (): void => {}
      const settle = (outcome: JsonObject | Error): void => {
        if (!this.#open.delete(id)) return
        if (this.#open.size === 0) this.#context.ticker.delete(this)
        stopListening()
        if (outcome instanceof Error) reject(outcome)
        else resolve(outcome)
      }
      this.#open.set(id, { method, send, settle, startMs: performance.now() })
      this.#context.ticker.add(this)
      if (!send({ jsonrpc: '2.0', id, method, params })) {
        settle(cannotReach(method))
        return
      }
      if (cancellation) {
        stopListening = cancellation.onCancel((reason) => {
          this.#withdraw(id, reason, mcpErrors.CALL_CANCELLED({ reason, ran: 'unknown' }))
        })
      }
    })
  }

  /** Takes a response of the client. False if nobody waits for it. */
  answer(response: RpcResponse): boolean {
    const question = typeof response.id === 'string' ? this.#open.get(response.id) : undefined
    if (!question) return false
    const { method } = question
    if ('error' in response) {
      question.settle(mcpErrors.CLIENT_ERROR({ method, error: response.error }))
    } else question.settle(response.result)
    return true
  }

  rejectAll(reason: string): void {
    for (const question of this.#open.values()) {
      question.settle(mcpErrors.CALL_CANCELLED({ reason, ran: 'unknown' }))
    }
  }

  tick(nowMs: number): void {
    for (const [id, { method, startMs }] of this.#open) {
      const waitedMs = Math.round(nowMs - startMs)
      if (waitedMs < this.#context.limits.questionTimeoutMs) continue
      this.#withdraw(id, 'timed out', mcpErrors.QUESTION_EXPIRED({ method, waitedMs }))
    }
  }

  /** Tells the client that the answer is not wanted any more. */
  #withdraw(id: string, reason: string, error: Error): void {
    const question = this.#open.get(id)
    if (!question) return
    question.send({
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: { requestId: id, reason },
    })
    question.settle(error)
  }
}

function cannotReach(method: string): Error {
  return mcpErrors.CLIENT_CANNOT_ANSWER({
    method,
    reason: 'the client has no stream open',
    requiredCapabilities: {},
  })
}
