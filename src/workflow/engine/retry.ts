/** How often and how soon a failed call is tried again. */
export interface RetryPolicy {
  readonly retryCount: number
  readonly retryDelayMs: number
}

/** The most further tries, whatever the file says. */
const MAX_RETRIES = 10
const GROWTH = 1.5
/** The part of a delay that is random, either way. */
const JITTER = 0.5
/** No delay is longer than so many times the first. */
const MAX_DELAY_FACTOR = 60
/** No new try begins later than this after the step began. */
const WINDOW_MS = 15 * 60_000

/**
 * How long to wait before the next try, in milliseconds; undefined: give up. `attempt` is the try that failed, from 1;
 * `elapsedMs` the time since the first one began; `random` in [0, 1).
 */
export function nextTryMs(
  { retryCount, retryDelayMs }: RetryPolicy,
  attempt: number,
  elapsedMs: number,
  random: number,
): number | undefined {
  if (attempt > Math.min(retryCount, MAX_RETRIES)) return undefined
  const longest = retryDelayMs * MAX_DELAY_FACTOR
  const base = Math.min(retryDelayMs * GROWTH ** (attempt - 1), longest)
  const delayMs = Math.round(Math.min(base * (1 - JITTER + 2 * JITTER * random), longest))
  return elapsedMs + delayMs > WINDOW_MS ? undefined : delayMs
}
