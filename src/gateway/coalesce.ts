export interface CoalescerDelays {
  /** Between the first announcement after a calm and the work. */
  readonly minMs: number
  /** What the delay grows to, doubling each time, while announcements do not stop. */
  readonly maxMs: number
}

/**
 * Gathers what comes within a delay and then does it once, never twice at the same time: what comes meanwhile waits for
 * the next round. Who announces without end is heard less and less often. `run` must not reject.
 */
export function createCoalescer<T>(
  delays: CoalescerDelays,
  run: (items: ReadonlySet<T>) => Promise<void>,
) {
  const { minMs, maxMs } = delays
  let waiting = new Set<T>()
  let timer: NodeJS.Timeout | undefined
  let delayMs = minMs
  let endedMs = -Infinity
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
      endedMs = performance.now()
      if (waiting.size > 0) schedule()
    }
  }

  function schedule(): void {
    if (timer !== undefined || running || stopped) return
    const isCalm = performance.now() - endedMs > 2 * delayMs
    delayMs = isCalm ? minMs : Math.min(2 * delayMs, maxMs)
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
