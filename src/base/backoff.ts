export interface Backoff {
  /** How long to wait before the next try, in milliseconds. Each call waits longer, up to the maximum. */
  nextMs(): number
  /** It worked: begin again at the minimum. */
  reset(): void
  /** Tries since the last reset. */
  readonly tries: number
}

/**
 * Exponential waiting times with jitter. `jitter` is the part of the time that is random, 0 to 1; `random` gives
 * numbers in [0, 1).
 */
export function createBackoff(options: {
  minMs: number
  maxMs: number
  factor?: number
  jitter?: number
  random?: () => number
}): Backoff {
  const { minMs, maxMs, factor = 2, jitter = 0.2, random = weakRandom() } = options
  let tries = 0
  return {
    nextMs() {
      const fullMs = Math.min(maxMs, minMs * factor ** Math.min(tries, 64))
      tries++
      return Math.round(fullMs * (1 - jitter * random()))
    },
    reset() {
      tries = 0
    },
    get tries() {
      return tries
    },
  }
}

/** Good enough to keep peers from knocking all at once; seeded by the monotonic clock. */
function weakRandom(): () => number {
  let state = (performance.now() * 1000) >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 0x1_0000_0000
  }
}
