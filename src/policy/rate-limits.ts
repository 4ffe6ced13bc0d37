import type { DeepReadonly } from '../base/deep-readonly.ts'
import { isAppError, type AppError } from '../base/errors.ts'
import type { Principal } from '../mcp/caller.ts'
import type { RateLimitingConfig } from './config.ts'
import { policyErrors } from './errors.ts'
import { createClaims, type ClaimsOf } from './rate-limit/claims.ts'
import type { Claim, Decision, RateLimiter } from './rate-limiter.ts'

/** A call of a tool, as far as limits depend on it. */
export interface LimitedCall {
  /** As clients see it. */
  readonly tool: string
  readonly principal: Principal
  /** A workflow makes it, not a client. */
  readonly isInner: boolean
}

/** Hears of every decision: for metrics and the log. */
export interface RateLimitObserver {
  allowed(claims: readonly Claim[]): void
  refused(claim: Claim): void
  /** Others were asked. */
  asked(seconds: number): void
  /** They did not answer; `passed`: the call goes on without a decision. */
  unavailable(error: unknown, passed: boolean): void
}

export interface RateLimitsOptions {
  readonly limiter: RateLimiter
  /** The gateway among those that share a Redis. */
  readonly namespace: string
  readonly server: string
  readonly observer: RateLimitObserver
}

/** The limits of a gateway (vmcp 12.1). */
export interface RateLimits {
  /** Puts other limits into effect. What buckets hold stays; undefined: no limits. */
  configure(config: DeepReadonly<RateLimitingConfig> | undefined): void
  /** Rejects with POLICY_RATE_LIMITS_FORBIDDEN if the buckets cannot be used, whoever is away now: nobody would be limited. */
  prove(): Promise<void>
  /** Counts a call. Returns why it is refused, or undefined if it may go on; at once where buckets are in memory. */
  refusal(call: LimitedCall): AppError | undefined | Promise<AppError | undefined>
}

const ROOT = 'thv:rl:'
const KEYS = `${ROOT}*`

export function createRateLimits(options: RateLimitsOptions): RateLimits {
  const { limiter, namespace, server, observer } = options
  // The braces are Redis' hash tag.
  const prefix = `${ROOT}{${namespace}:${server}}:`
  let claimsOf: ClaimsOf | undefined
  let failOpen = true

  function judged(claims: readonly Claim[], decision: Decision): AppError | undefined {
    if (decision.kind === 'allowed') {
      observer.allowed(claims)
      return undefined
    }
    const { claim, retryAfterMs } = decision
    observer.refused(claim)
    return policyErrors.RATE_LIMITED({ ...claim.limit, retryAfterMs })
  }

  function unavailable(error: unknown): AppError | undefined {
    observer.unavailable(error, failOpen)
    if (failOpen) return undefined
    // Where Redis is told to the observer, not to clients.
    const isStore = isAppError(error) && error.code.startsWith('STORAGE_')
    const reason = isStore || !(error instanceof Error) ? 'Redis is away' : error.message
    return policyErrors.RATE_LIMITS_UNAVAILABLE({ reason, retryAfterMs: RETRY_MS }, error)
  }

  async function asked(
    claims: readonly Claim[],
    asking: Promise<Decision>,
  ): Promise<AppError | undefined> {
    const startMs = performance.now()
    let decision: Decision
    try {
      decision = await asking
    } catch (error) {
      return unavailable(error)
    } finally {
      observer.asked((performance.now() - startMs) / 1000)
    }
    return judged(claims, decision)
  }

  return {
    configure(config) {
      claimsOf = config && createClaims(config, prefix)
      failOpen = config?.whenUnavailable !== 'closed'
    },
    async prove() {
      try {
        await limiter.take([{ key: `${prefix}probe`, limit: PROBE }], 0)
      } catch (error) {
        if (!isAppError(error, 'STORAGE_REDIS_FAILED')) return
        throw policyErrors.RATE_LIMITS_FORBIDDEN({ reason: error.message, keys: KEYS }, error)
      }
    },
    refusal({ tool, principal, isInner }) {
      const claims = claimsOf?.(tool, principal, isInner)
      if (claims === undefined || claims.length === 0) return undefined
      const decision = limiter.take(claims, 1)
      return decision instanceof Promise ? asked(claims, decision) : judged(claims, decision)
    },
  }
}

/** Takes nothing, and is gone after two seconds. */
const PROBE = { scope: 'shared', tool: undefined, maxTokens: 1, refillPeriodMs: 1_000 } as const

/** What a client is told to wait while limits cannot be checked. */
const RETRY_MS = 1_000
