import { DenseList, type Placed } from '../../base/dense-list.ts'
import type { AdoptCall } from '../late-call.ts'

interface Running extends Placed {
  cancel(reason: string): void
  /** Answers its client with the error of who takes it over, and goes on; a parked one has nobody to answer. */
  abandon?(adopt: AdoptCall): Promise<void>
}

/** The calls an edge has handed to its gateway and not answered yet; parked ones too. */
export class Activity {
  readonly #running = new DenseList<Running>()
  readonly #waiting = new Set<() => void>()
  #closed = false

  get count(): number {
    return this.#running.size
  }

  /** True: no call may begin any more, it would be cut off. */
  get closed(): boolean {
    return this.#closed
  }

  close(): void {
    this.#closed = true
  }

  began(call: Running): void {
    this.#running.add(call)
  }

  ended(call: Running): void {
    this.#running.delete(call)
    if (this.#running.size > 0) return
    for (const tell of this.#waiting) tell()
  }

  /** Hands over what still runs. Never rejects: what cannot be handed over stays. */
  async abandonAll(adopt: AdoptCall): Promise<void> {
    const all: Promise<void>[] = []
    this.#running.forEach((call) => {
      if (call.abandon) all.push(call.abandon(adopt))
    })
    await Promise.allSettled(all)
  }

  cancelAll(reason: string): void {
    this.#running.forEach((call) => call.cancel(reason))
  }

  /** Resolves when nothing runs, after `graceMs` at the latest. */
  async idle(graceMs: number): Promise<void> {
    if (this.#running.size === 0) return
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(done)
        resolve()
      }
      const timer = setTimeout(done, graceMs)
      this.#waiting.add(done)
    })
  }
}
