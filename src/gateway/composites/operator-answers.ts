import { Cancellation } from '../../base/cancellation.ts'
import type { JsonObject } from '../../base/json.ts'
import type { StepQuestion } from '../../workflow/ports.ts'

/** A question of a run that waits for its answer. */
export interface OpenQuestion {
  readonly key: string
  /** As the client is asked: its message and the schema of the answer. */
  readonly params: JsonObject
}

interface Asked {
  readonly question: OpenQuestion
  answer(answer: JsonObject): void
}

/** The questions of the steps of a run, which an operator may answer in place of the client: it may not come back. */
export class OperatorAnswers {
  readonly #open = new Map<string, Asked>()

  /** Asks the client, and takes the first answer; the client is told no more of a question that the operator has answered. */
  async ask(
    { key, request, cancellation }: StepQuestion,
    askClient: (until: Cancellation) => Promise<JsonObject>,
  ): Promise<JsonObject> {
    const until = new Cancellation()
    const unlink = cancellation.onCancel((reason) => until.cancel(reason))
    const { promise, resolve } = Promise.withResolvers<JsonObject>()
    this.#open.set(key, {
      question: { key, params: request.params ?? {} },
      answer(answer) {
        resolve(answer)
        until.cancel('an operator has answered')
      },
    })
    try {
      return await Promise.race([promise, askClient(until)])
    } finally {
      unlink()
      this.#open.delete(key)
    }
  }

  all(): OpenQuestion[] {
    return Array.from(this.#open.values(), ({ question }) => question)
  }

  /** False: it waits for none. */
  answer(key: string, answer: JsonObject): boolean {
    const asked = this.#open.get(key)
    asked?.answer(answer)
    return asked !== undefined
  }
}
