import type { JsonObject } from '../../base/json.ts'

/**
 * How far a run is: steps and iterations done, and of those under way what their backends say, as parts of one. So that the
 * number grows while a long step works.
 */
export class RunProgress {
  readonly #parts = new Map<object, number>()
  #done = 0
  #total = 0

  /** Params of `notifications/progress`, without a token. */
  steps(done: number, total: number, message: string): JsonObject {
    this.#done = done
    this.#total = total
    return this.#params(message)
  }

  /** What the backend of a call in work says (`notifications/progress`). */
  part(call: object, label: string, { progress, total, message }: JsonObject): JsonObject {
    if (typeof progress === 'number' && typeof total === 'number' && total > 0) {
      this.#parts.set(call, Math.min(Math.max(progress / total, 0), NEARLY_ALL))
    }
    return this.#params(typeof message === 'string' ? `${label}: ${message}` : label)
  }

  ended(call: object): void {
    this.#parts.delete(call)
  }

  #params(message: string): JsonObject {
    let progress = this.#done
    for (const part of this.#parts.values()) progress += part
    return this.#total === 0 ? { progress, message } : { progress, total: this.#total, message }
  }
}

/** A call that says it is complete has not been answered yet. */
const NEARLY_ALL = 0.99
