import type { Limit } from '../rate-limiter.ts'

/** What a token bucket held at a moment. Moments are milliseconds of any clock that does not go back. */
export interface Bucket {
  readonly tokens: number
  readonly atMs: number
}

type Size = Pick<Limit, 'maxTokens' | 'refillPeriodMs'>

/** The tokens in a bucket by now: it fills evenly, and what is above its size runs over. */
export function tokensAt(bucket: Bucket, size: Size, nowMs: number): number {
  const passedMs = Math.max(0, nowMs - bucket.atMs)
  return Math.min(size.maxTokens, bucket.tokens + (passedMs * size.maxTokens) / size.refillPeriodMs)
}

/** Milliseconds until there are `wanted` tokens where there are `tokens` now; 0: there are enough. */
export function waitMs(tokens: number, size: Size, wanted: number): number {
  const missing = wanted - tokens
  if (missing <= ROUNDING) return 0
  return Math.ceil((missing * size.refillPeriodMs) / size.maxTokens)
}

/** So much less than a token is a token: whoever waits as long as we said must find one, however numbers were rounded. */
export const ROUNDING = 1e-6
