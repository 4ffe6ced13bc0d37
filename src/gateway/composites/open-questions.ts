import { setTimeout as sleep } from 'node:timers/promises'
import type { Cancellation } from '../../base/cancellation.ts'
import type { JsonObject } from '../../base/json.ts'
import { mcpErrors } from '../../mcp/errors.ts'
import type { InputAnswers, InputRequest, InputRequests } from '../../mcp/messages.ts'

interface Question {
  readonly request: InputRequest
  readonly resolve: (answer: JsonObject) => void
}

/** Questions that come within this time go out together, in milliseconds. */
const BATCH_MS = 15

/** The questions of a run that a modern client fetches and answers, by their keys. */
export class OpenQuestions {
  readonly #open = new Map<string, Question>()
  readonly #waiting = new Set<() => void>()
  /** Answers that came before their question was asked again, after a restart. */
  readonly #early = new Map<string, JsonObject>()

  get size(): number {
    return this.#open.size
  }

  /**
   * Waits for the answer. Rejects with MCP_QUESTION_EXPIRED after the time, with MCP_CALL_CANCELLED when nobody wants to
   * know any more.
   */
  async add(
    key: string,
    request: InputRequest,
    timeoutMs: number,
    cancellation: Cancellation,
  ): Promise<JsonObject> {
    const early = this.#early.get(key)
    if (early !== undefined) {
      this.#early.delete(key)
      return early
    }
    const { promise, resolve, reject } = Promise.withResolvers<JsonObject>()
    const timer = setTimeout(() => {
      reject(mcpErrors.QUESTION_EXPIRED({ method: request.method, waitedMs: timeoutMs }))
    }, timeoutMs)
    const unlink = cancellation.onCancel((reason) => {
      reject(mcpErrors.CALL_CANCELLED({ reason, ran: 'unknown' }))
    })
    this.#open.set(key, { request, resolve })
    for (const tell of this.#waiting) tell()
    this.#waiting.clear()
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      unlink()
      this.#open.delete(key)
    }
  }

  has(key: string): boolean {
    return this.#open.has(key)
  }

  /** Gives the answers to their questions. `keep`: those to none are kept for questions that are about to be asked. */
  answer(answers: InputAnswers, keep: boolean): void {
    for (const [key, answer] of Object.entries(answers)) {
      const question = this.#open.get(key)
      if (question !== undefined) question.resolve(answer)
      else if (keep && this.#early.size < MAX_EARLY) this.#early.set(key, answer)
    }
  }

  /** Resolves when there are any, with all of them. */
  async next(): Promise<InputRequests> {
    for (;;) {
      if (this.#open.size === 0) await new Promise<void>((resolve) => this.#waiting.add(resolve))
      await sleep(BATCH_MS, undefined, { ref: false })
      if (this.#open.size > 0) return this.#all()
    }
  }

  #all(): InputRequests {
    return Object.fromEntries(Array.from(this.#open, ([key, { request }]) => [key, request]))
  }
}

const MAX_EARLY = 100
