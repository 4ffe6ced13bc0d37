/**
 * Gathers what comes within `delayMs` and then does it once, never twice at the same time: what comes meanwhile waits for
 * the next round. `run` must not reject.
 */
export function createCoalescer<T>(delayMs: number, run: (items: ReadonlySet<T>) => Promise<void>) {
  let waiting = new Set<T>()
  let timer: NodeJS.Timeout | undefined
  let running = false
  let stopped = false

  async function flush(): Promise<void> {
    timer = undefined
    if (running || stopped) return
    running = true
    const items = waiting
    waiting = new Set()
    try {
      await run(items)
    } finally {
      running = false
      if (waiting.size > 0) schedule()
    }
  }

  function schedule(): void {
    if (timer !== undefined || running || stopped) return
    timer = setTimeout(() => void flush(), delayMs)
    timer.unref()
  }

  return {
    add(item: T): void {
      waiting.add(item)
      schedule()
    },
    stop(): void {
      stopped = true
      clearTimeout(timer)
    },
  }
}
