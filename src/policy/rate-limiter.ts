/** How many calls may be made how often: a bucket of `maxTokens` that fills evenly within `refillPeriodMs`. */
export interface Limit {
  /** One bucket for everybody, or one for each user. */
  readonly scope: 'shared' | 'user'
  /** Limits calls of this tool only, by the name clients know; undefined: of all tools together. */
  readonly tool: string | undefined
  readonly maxTokens: number
  readonly refillPeriodMs: number
}

/** A bucket that a call draws from. */
export interface Claim {
  readonly key: string
  readonly limit: Limit
}

/** Refused: by the bucket that takes longest until it has enough, for as long as that takes. */
export type Decision =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'refused'; readonly claim: Claim; readonly retryAfterMs: number }

export const ALLOWED: Decision = { kind: 'allowed' }

/**
 * Token buckets by key. What they hold outlives a change of their limits: a bucket goes by the limits of the latest
 * claim. A bucket nobody took from for its refill period is full, and need not be kept.
 */
export interface RateLimiter {
  /**
   * Takes `cost` tokens from each bucket, or from none of them. A promise where others have to be asked; it rejects if
   * they do not answer.
   */
  take(claims: readonly Claim[], cost: number): Decision | Promise<Decision>
}
