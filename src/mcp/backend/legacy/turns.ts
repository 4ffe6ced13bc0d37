import type { PendingCall } from '../pending-call.ts'

/** Longest wait for a turn: then it is better to run at once and perhaps not to know who asks. */
const MAX_WAIT_MS = 2000

/**
 * On a pipe a legacy server's question does not say which call it belongs to (mcp-spec 2.4, "Attribution"). So what is
 * known to ask takes turns: one such call runs at a time, and it gives up its turn while it waits for its answer. What
 * has never asked runs freely.
 */
export class Turns {
  #holder: PendingCall | undefined
  /** Those that could not wait any longer. */
  readonly #impatient = new Set<PendingCall>()
  readonly #askers = new Set<string>()
  readonly #queue: { call: PendingCall; begin: () => void }[] = []
  readonly #lingerMs: number

  /** A handler may ask several things at once: its turn lasts `lingerMs` longer than its first question. */
  constructor(lingerMs: number) {
    this.#lingerMs = lingerMs
  }

  /** Of the calls that are known to ask, the one that runs; undefined also if several do. */
  get holder(): PendingCall | undefined {
    return this.#impatient.size === 0 ? this.#holder : undefined
  }

  /** Calls of this kind ask. Not so what waits for a task: its questions name the task. */
  learn(call: PendingCall): void {
    if (call.request.method === 'tasks/result') return
    this.#askers.add(kindOf(call))
  }

  /** Takes the turn. Undefined: it has it, or needs none; else resolves when it may run. */
  take(call: PendingCall): Promise<void> | undefined {
    if (this.#askers.size === 0 || !this.#askers.has(kindOf(call))) return undefined
    if (this.#holder === undefined || this.#holder === call) {
      this.#holder = call
      return undefined
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#impatient.add(call)
        this.#begin(call)
      }, MAX_WAIT_MS)
      timer.unref()
      const begin = () => {
        clearTimeout(timer)
        resolve()
      }
      this.#queue.push({ call, begin })
    })
  }

  /** It has asked and waits: soon it is somebody else's turn. */
  asked(call: PendingCall): void {
    this.learn(call)
    setTimeout(() => {
      if (call.questions > 0) this.end(call)
    }, this.#lingerMs).unref()
  }

  /** It waits, or has ended. */
  end(call: PendingCall): void {
    this.#impatient.delete(call)
    if (this.#holder === call) {
      this.#holder = undefined
      const next = this.#queue[0]
      if (next) this.#begin(next.call)
    } else if (this.#queue.length > 0 && call.settled) {
      this.#begin(call)
    }
  }

  #begin(call: PendingCall): void {
    const at = this.#queue.findIndex((waiting) => waiting.call === call)
    if (at < 0) return
    const [waiting] = this.#queue.splice(at, 1)
    if (!call.settled) this.#holder ??= call
    waiting?.begin()
  }
}

function kindOf(call: PendingCall): string {
  const { method, params } = call.request
  const name = params?.['name'] ?? params?.['uri']
  return typeof name === 'string' ? `${method} ${name}` : method
}
