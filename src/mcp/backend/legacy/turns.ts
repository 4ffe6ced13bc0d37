import type { PendingCall } from '../pending-call.ts'

interface Waiting {
  readonly call: PendingCall
  /** `isOwn`: it has the turn; else it runs beside the one that has it. */
  readonly begin: (isOwn: boolean) => void
}

/** Lets calls run one at a time, in the order in which they came; whoever has waited too long runs all the same. */
export class Turns {
  #holder: PendingCall | undefined
  /** Those that could not wait any longer. */
  readonly #impatient = new Set<PendingCall>()
  #queue: Waiting[] = []
  /** The calls of the queue. */
  readonly #waiting = new Set<PendingCall>()

  /** The call that has the turn; undefined also while another runs beside it. */
  get holder(): PendingCall | undefined {
    return this.#impatient.size === 0 ? this.#holder : undefined
  }

  isWaiting(call: PendingCall): boolean {
    return this.#waiting.has(call)
  }

  /** Undefined: it has the turn; else resolves when it may run. `maxWaitMs` is asked again when that time is over. */
  take(call: PendingCall, maxWaitMs: () => number): Promise<void> | undefined {
    if (this.#holder === undefined || this.#holder === call) {
      this.#holder = call
      return undefined
    }
    return new Promise((resolve) => {
      const sinceMs = performance.now()
      const waitOn = (): NodeJS.Timeout => {
        const leftMs = sinceMs + maxWaitMs() - performance.now()
        return setTimeout(() => {
          if (sinceMs + maxWaitMs() > performance.now()) timer = waitOn()
          else {
            if (this.#leaveQueue(call)) this.#impatient.add(call)
            resolve()
          }
        }, leftMs).unref()
      }
      let timer = waitOn()
      const begin = (isOwn: boolean): void => {
        clearTimeout(timer)
        if (isOwn) this.#holder = call
        resolve()
      }
      this.#queue.push({ call, begin })
      this.#waiting.add(call)
    })
  }

  /** It has ended, or waits for an answer: it is the next one's turn. */
  end(call: PendingCall): void {
    this.#impatient.delete(call)
    if (this.#holder === call) {
      this.#holder = undefined
      const next = this.#queue.shift()
      if (next === undefined) return
      this.#waiting.delete(next.call)
      next.begin(true)
    } else if (this.#waiting.has(call)) {
      const waiting = this.#queue.find((each) => each.call === call)
      this.#leaveQueue(call)
      waiting?.begin(false)
    }
  }

  /** Those who turn out to need no turn run at once. */
  excuse(needsNone: (call: PendingCall) => boolean): void {
    const excused = this.#queue.filter(({ call }) => needsNone(call))
    if (excused.length === 0) return
    this.#queue = this.#queue.filter(({ call }) => !needsNone(call))
    for (const { call, begin } of excused) {
      this.#waiting.delete(call)
      begin(false)
    }
  }

  #leaveQueue(call: PendingCall): boolean {
    if (!this.#waiting.delete(call)) return false
    this.#queue = this.#queue.filter((waiting) => waiting.call !== call)
    return true
  }
}
