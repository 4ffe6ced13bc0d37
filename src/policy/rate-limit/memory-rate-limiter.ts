import {
  ALLOWED,
  type Claim,
  type Decision,
  type Limit,
  type RateLimiter,
} from '../rate-limiter.ts'
import { tokensAt, waitMs } from './bucket.ts'

export interface MemoryRateLimiterOptions {
  /** Milliseconds of a clock that does not go back: `performance.now`. */
  readonly nowMs: () => number
  /** Buckets of users beyond this make place for others. */
  readonly maxUserBuckets?: number
}

export interface MemoryRateLimiter extends RateLimiter {
  take(claims: readonly Claim[], cost: number): Decision
  /** Buckets that are kept. */
  readonly size: number
}

interface Entry {
  tokens: number
  atMs: number
  limit: Limit
}

/** Bytes of one bucket are about 200. */
const MAX_USER_BUCKETS = 50_000
/** Below this nobody looks for buckets that are full again. */
const SWEEP_FROM = 1_024

/**
 * Buckets of this process alone. A decision is made at once and makes no garbage. A missing bucket is a full one, so those
 * that are full again are dropped from time to time, when new ones come.
 */
export function createMemoryRateLimiter(options: MemoryRateLimiterOptions): MemoryRateLimiter {
  const { nowMs: clock, maxUserBuckets = MAX_USER_BUCKETS } = options
  // Few come and go, at sweeps: what docs/decisions/009 says of Maps does not bite here.
  const entries = new Map<string, Entry>()
  const held: (Entry | undefined)[] = []
  let sweepAt = Math.min(SWEEP_FROM, maxUserBuckets)

  function add({ key, limit }: Claim, tokens: number, atMs: number): void {
    if (entries.size >= sweepAt) sweep(atMs)
    entries.set(key, { tokens, atMs, limit })
  }

  function sweep(nowMs: number): void {
    for (const [key, entry] of entries) {
      if (msToFull(entry, nowMs) === 0) entries.delete(key)
    }
    if (entries.size > maxUserBuckets * 0.9) dropNearlyFull(nowMs)
    sweepAt = Math.min(maxUserBuckets, Math.max(SWEEP_FROM, entries.size * 2))
  }

  /** More users than there is place for: least is forgiven where a bucket would be full soon anyway. */
  function dropNearlyFull(nowMs: number): void {
    const users = [...entries]
      .filter(([, { limit }]) => limit.scope === 'user')
      .map(([key, entry]) => ({ key, ms: msToFull(entry, nowMs) }))
      .toSorted((a, b) => a.ms - b.ms)
    for (const { key } of users.slice(0, Math.ceil(users.length / 10))) entries.delete(key)
  }

  return {
    get size() {
      return entries.size
    },
    take(claims, cost) {
      const nowMs = clock()
      let refusing: Claim | undefined
      let longestMs = 0
      for (let i = 0; i < claims.length; i++) {
        const claim = claims[i]!
        const entry = entries.get(claim.key)
        held[i] = entry
        if (entry !== undefined) bringUpToDate(entry, claim.limit, nowMs)
        const ms = waitMs(entry?.tokens ?? claim.limit.maxTokens, claim.limit, cost)
        if (ms <= longestMs) continue
        longestMs = ms
        refusing = claim
      }
      if (refusing !== undefined) {
        return { kind: 'refused', claim: refusing, retryAfterMs: longestMs }
      }
      for (let i = 0; i < claims.length; i++) {
        const entry = held[i]
        if (entry === undefined) add(claims[i]!, claims[i]!.limit.maxTokens - cost, nowMs)
        else entry.tokens -= cost
      }
      return ALLOWED
    },
  }
}

function bringUpToDate(entry: Entry, limit: Limit, nowMs: number): void {
  entry.tokens = tokensAt(entry, limit, nowMs)
  entry.atMs = nowMs
  entry.limit = limit
}

function msToFull(entry: Entry, nowMs: number): number {
  return waitMs(tokensAt(entry, entry.limit, nowMs), entry.limit, entry.limit.maxTokens)
}
