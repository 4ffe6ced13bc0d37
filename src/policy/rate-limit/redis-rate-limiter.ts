import type { RunScript } from '../../storage/stores.ts'
import { policyErrors } from '../errors.ts'
import { ALLOWED, type Claim, type Decision, type RateLimiter } from '../rate-limiter.ts'
import { TAKE_SCRIPT } from './take-script.ts'

export interface RedisRateLimiterOptions {
  /** Makes a function of a Lua script; it rejects when Redis does not answer in time. */
  readonly script: (lua: string) => RunScript
  /** Milliseconds of a clock that does not go back. */
  readonly nowMs: () => number
}

/** While Redis is away, one call in so long asks it again; the others do not wait to hear the same. */
const ASK_AGAIN_MS = 1_000

/**
 * Buckets in Redis, shared by all replicas. All keys of one gateway have the same hash tag, so that a Cluster keeps them
 * on one node and the script may touch them together.
 */
export function createRedisRateLimiter(options: RedisRateLimiterOptions): RateLimiter {
  const { nowMs } = options
  const runScript = options.script(TAKE_SCRIPT)
  let failure: Error | undefined
  let askAgainAtMs = -Infinity

  async function ask(claims: readonly Claim[], cost: number): Promise<Decision> {
    const keys = claims.map(({ key }) => key)
    const args = [cost, ...claims.flatMap(({ limit }) => [limit.maxTokens, micros(limit)])]
    try {
      const answer = await runScript(keys, args)
      const decision = toDecision(answer, claims)
      failure = undefined
      return decision
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error))
      askAgainAtMs = nowMs() + ASK_AGAIN_MS
      throw failure
    }
  }

  return {
    async take(claims, cost) {
      if (failure !== undefined) {
        if (nowMs() < askAgainAtMs) throw failure
        askAgainAtMs = nowMs() + ASK_AGAIN_MS
      }
      return ask(claims, cost)
    },
  }
}

function micros(limit: { refillPeriodMs: number }): number {
  return Math.max(1, Math.round(limit.refillPeriodMs * 1000))
}

function toDecision(answer: unknown, claims: readonly Claim[]): Decision {
  const [place, waitUs] = Array.isArray(answer) ? answer.map(Number) : []
  if (place === 0) return ALLOWED
  const claim = claims[(place ?? 0) - 1]
  if (claim === undefined || waitUs === undefined || !(waitUs > 0)) {
    throw policyErrors.RATE_LIMIT_ANSWER({ answer: JSON.stringify(answer) ?? 'nothing' })
  }
  return { kind: 'refused', claim, retryAfterMs: Math.ceil(waitUs / 1000) }
}
