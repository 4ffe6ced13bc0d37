import { DenseList, type Placed } from '../../base/dense-list.ts'

/** Something that has to look at the clock now and then. In one ticker only. */
export interface Ticking extends Placed {
  /** `nowMs` is monotonic (`performance.now()`). */
  tick(nowMs: number): void
}

/** One timer for all that waits: adding and deleting cost no timer. */
export interface Ticker {
  /** `performance.now()`, while somebody waits as of the last tick: reading the clock is dear on virtual machines. */
  readonly nowMs: number
  add(ticking: Ticking): void
  delete(ticking: Ticking): void
  stop(): void
}

/** Ticks every `periodMs` while somebody waits; never holds the process. */
export function createTicker(periodMs: number): Ticker {
  const waiting = new DenseList<Ticking>()
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  let lastMs = 0

  function tickAll(): void {
    if (waiting.size === 0) {
      clearInterval(timer)
      timer = undefined
      return
    }
    const nowMs = performance.now()
    lastMs = nowMs
    waiting.forEach((ticking) => ticking.tick(nowMs))
  }

  return {
    get nowMs() {
      return timer === undefined ? performance.now() : lastMs
    },
    add(ticking) {
      waiting.add(ticking)
      if (timer !== undefined || stopped) return
      lastMs = performance.now()
      timer = setInterval(tickAll, periodMs).unref()
    },
    delete(ticking) {
      waiting.delete(ticking)
    },
    stop() {
      stopped = true
      waiting.clear()
      clearInterval(timer)
      timer = undefined
    },
  }
}
