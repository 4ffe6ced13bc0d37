export interface BreakerRules {
  readonly enabled: boolean
  /** Failures in a row, of calls and probes, that open it. */
  readonly failureThreshold: number
  /** How long it stays open before one call may try. */
  readonly timeoutMs: number
}

export interface Breaker {
  readonly state: 'closed' | 'open' | 'half-open'
  readonly failures: number
  /** Wall clock of the last change, ms; 0 = never. */
  readonly changedMs: number
}

export const CLOSED: Breaker = { state: 'closed', failures: 0, changedMs: 0 }

/**
 * Whether a call may go through now, and the breaker after the decision: after `timeoutMs` an open one lets exactly one
 * call try (half-open); the others wait for its outcome.
 */
export function admit(
  breaker: Breaker,
  rules: BreakerRules,
  nowMs: number,
): { admitted: boolean; breaker: Breaker } {
  if (!rules.enabled || breaker.state === 'closed') return { admitted: true, breaker }
  // A trial whose outcome never came must not keep it half-open for ever.
  if (nowMs - breaker.changedMs < rules.timeoutMs) return { admitted: false, breaker }
  return { admitted: true, breaker: { ...breaker, state: 'half-open', changedMs: nowMs } }
}

/** The breaker after the outcome of a call or probe. */
export function afterOutcome(
  breaker: Breaker,
  succeeded: boolean,
  rules: BreakerRules,
  nowMs: number,
): Breaker {
  if (!rules.enabled) return breaker
  if (succeeded)
    return breaker.state === 'closed' && breaker.failures === 0 ? breaker : closedAt(breaker, nowMs)
  const failures = breaker.failures + 1
  if (breaker.state === 'open') return { ...breaker, failures }
  return breaker.state === 'half-open' || failures >= rules.failureThreshold
    ? { state: 'open', failures, changedMs: nowMs }
    : { ...breaker, failures }
}

function closedAt(breaker: Breaker, nowMs: number): Breaker {
  return {
    state: 'closed',
    failures: 0,
    changedMs: breaker.state === 'closed' ? breaker.changedMs : nowMs,
  }
}
