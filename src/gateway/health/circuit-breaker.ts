export interface BreakerRules {
  readonly enabled: boolean
  /** Failures in a row, of calls and probes, that open it. */
  readonly failureThreshold: number
  /** How long it stays open before one call may try. */
  readonly timeoutMs: number
}

export interface Breaker {
  readonly state: 'closed' | 'open' | 'half-open'
  /** Calls that failed since one succeeded. */
  readonly callFailures: number
  /** Probes that failed, and attempts to reach the backend, since it was reached. */
  readonly contactFailures: number
  /** Wall clock of the last change, ms; 0 = never. */
  readonly changedMs: number
}

/** What an outcome is of: a call that the backend had, or whether it can be reached at all. */
export type Evidence = 'call' | 'contact'

export const CLOSED: Breaker = {
  state: 'closed',
  callFailures: 0,
  contactFailures: 0,
  changedMs: 0,
}

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

/**
 * The breaker after an outcome. To be reached proves nothing of calls: their failures count until one succeeds, so that a backend which
 * answers every ping and hangs in every tool is found out.
 */
export function afterOutcome(
  breaker: Breaker,
  outcome: { readonly of: Evidence; readonly succeeded: boolean },
  rules: BreakerRules,
  nowMs: number,
): Breaker {
  if (!rules.enabled) return breaker
  if (!outcome.succeeded) return afterFailure(breaker, outcome.of, rules, nowMs)
  if (outcome.of === 'call') return closed(breaker, 0, nowMs)
  if (breaker.state === 'closed' || breaker.callFailures === 0) {
    return closed(breaker, breaker.callFailures, nowMs)
  }
  if (nowMs - breaker.changedMs < rules.timeoutMs) return breaker
  // Calls may go on, and the first that fails opens it again.
  return closed(breaker, Math.min(breaker.callFailures, rules.failureThreshold - 1), nowMs)
}

function afterFailure(
  breaker: Breaker,
  of: Evidence,
  { failureThreshold }: BreakerRules,
  nowMs: number,
): Breaker {
  const counted =
    of === 'call'
      ? { ...breaker, callFailures: breaker.callFailures + 1 }
      : { ...breaker, contactFailures: breaker.contactFailures + 1 }
  if (breaker.state === 'open') return counted
  const opens =
    breaker.state === 'half-open' ||
    counted.callFailures + counted.contactFailures >= failureThreshold
  return opens ? { ...counted, state: 'open', changedMs: nowMs } : counted
}

function closed(breaker: Breaker, callFailures: number, nowMs: number): Breaker {
  const { state, contactFailures } = breaker
  const isSame = state === 'closed' && contactFailures === 0
  if (isSame && breaker.callFailures === callFailures) return breaker
  const changedMs = state === 'closed' ? breaker.changedMs : nowMs
  return { state: 'closed', callFailures, contactFailures: 0, changedMs }
}
