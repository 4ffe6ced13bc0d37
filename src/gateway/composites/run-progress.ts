import type { JsonObject } from '../../base/json.ts'

/**
 * How far a run is: steps and iterations done, and of those under way what their backends say, as parts of one. So that the
 * number grows while a long step works. All methods give params of `notifications/progress` without a token, or undefined where
 * the number has not grown: it must, with each notification (2025-11-25, "Progress").
 */
export class RunProgress {
  readonly #parts = new Map<object, number>()
  #done = 0
  #total = 0
  #latest: (JsonObject & { progress: number }) | undefined

  /** For a call that attaches later: what was told last. */
  get latest(): JsonObject | undefined {
    return this.#latest
  }

  /** So many are done, of so many that are known by now. */
  steps(done: number, total: number, message: string): JsonObject | undefined {
    this.#done = done
    this.#total = total
    return this.#grown(message)
  }

  /** What the backend of a call in work says (`notifications/progress`). */
  part(call: object, label: string, { progress, total, message }: JsonObject) {
    const before = this.#parts.get(call) ?? 0
    const isKnown = typeof progress === 'number' && typeof total === 'number' && total > 0
    // Of how much it is not said: a little more of what may be left.
    const part = isKnown ? progress / total : before + (NEARLY_ALL - before) / 20
    this.#parts.set(call, Math.min(Math.max(part, 0), NEARLY_ALL))
    return this.#grown(typeof message === 'string' ? `${label}: ${message}` : label)
  }

  ended(call: object): void {
    this.#parts.delete(call)
  }

  #grown(message: string): JsonObject | undefined {
    let sum = this.#done
    for (const part of this.#parts.values()) sum += part
    // Sums of fractions are written with sixteen digits.
    const progress = Math.round(sum * GRAINS) / GRAINS
    if (this.#latest !== undefined && progress <= this.#latest.progress) {
      // How many there are is worth to know for whoever comes.
      if (this.#total > 0) this.#latest = { ...this.#latest, total: this.#total }
      return undefined
    }
    const total = this.#total === 0 ? undefined : { total: this.#total }
    this.#latest = { progress, ...total, message }
    return this.#latest
  }
}

/** A call that says it is complete has not been answered yet. */
const NEARLY_ALL = 0.99

/** The smallest step that is told is one of so many in one. */
const GRAINS = 1e9
