/** Latencies of one window, in milliseconds; all are kept up to a bound, then every second one, and so on. */
export interface Latencies {
  add(ms: number): void
  /** Sorts, so call it once at the end. */
  summary(): LatencySummary
}

export interface LatencySummary {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

export function createLatencies(capacity = 1 << 20): Latencies {
  const values = new Float64Array(capacity)
  let count = 0
  let stride = 1
  let skip = 0
  let maxMs = 0

  return {
    add(ms) {
      if (ms > maxMs) maxMs = ms
      skip += 1
      if (skip < stride) return
      skip = 0
      if (count === capacity) halve()
      values[count] = ms
      count += 1
    },
    summary() {
      const sorted = values.subarray(0, count).sort()
      return { p50Ms: quantile(sorted, 0.5), p99Ms: quantile(sorted, 0.99), maxMs }
    },
  }

  function halve(): void {
    for (let index = 0; index < capacity / 2; index += 1) values[index] = values[index * 2]!
    count = capacity / 2
    stride *= 2
  }
}

function quantile(sorted: Float64Array, q: number): number {
  return sorted.length === 0
    ? 0
    : sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))]!
}
