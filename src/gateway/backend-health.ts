/** How a backend is (vmcp 13.1). */
export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy' | 'unknown' | 'unauthenticated'

export interface HealthRules {
  /** Failures in a row that make a backend unhealthy. */
  readonly unhealthyThreshold: number
  /** A slower success counts as degraded. */
  readonly slowMs: number
}

export interface BackendHealth {
  readonly status: HealthStatus
  readonly consecutiveFailures: number
  /** Wall clock, ms; 0 = never. */
  readonly lastCheckMs: number
  readonly lastTransitionMs: number
  /** Empty after a success. */
  readonly lastErrorCategory: string
}

/** What a probe or a real call showed. */
export type Outcome =
  | { readonly kind: 'success'; readonly durationMs?: number }
  | { readonly kind: 'failure'; readonly category: string }
  /** 401 or 403: the server answers, but not to us. */
  | { readonly kind: 'unauthenticated'; readonly hasCredentials: boolean }

export const UNKNOWN_HEALTH: BackendHealth = {
  status: 'unknown',
  consecutiveFailures: 0,
  lastCheckMs: 0,
  lastTransitionMs: 0,
  lastErrorCategory: '',
}

/** The next state. Pure; `nowMs` is the wall clock. */
export function nextHealth(
  before: BackendHealth,
  outcome: Outcome,
  rules: HealthRules,
  nowMs: number,
): BackendHealth {
  const status = statusAfter(before, outcome, rules)
  const failed = outcome.kind === 'failure'
  return {
    status,
    consecutiveFailures: failed ? before.consecutiveFailures + 1 : 0,
    lastCheckMs: nowMs,
    lastTransitionMs: status === before.status ? before.lastTransitionMs : nowMs,
    lastErrorCategory: failed
      ? outcome.category
      : status === 'unauthenticated'
        ? 'authentication'
        : '',
  }
}

function statusAfter(before: BackendHealth, outcome: Outcome, rules: HealthRules): HealthStatus {
  switch (outcome.kind) {
    case 'success': {
      const isSlow = (outcome.durationMs ?? 0) > rules.slowMs
      return isSlow || before.consecutiveFailures > 0 ? 'degraded' : 'healthy'
    }
    case 'unauthenticated':
      return outcome.hasCredentials ? 'healthy' : 'unauthenticated'
    case 'failure':
      if (before.consecutiveFailures + 1 >= rules.unhealthyThreshold) return 'unhealthy'
      // One failure does not take away what is known of a backend that worked.
      return before.status === 'healthy'
        ? 'degraded'
        : before.status === 'unhealthy'
          ? 'unhealthy'
          : 'unknown'
  }
}
