import type { Now } from '../base/clock.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { OperationalConfig } from './config.ts'
import {
  nextHealth,
  UNKNOWN_HEALTH,
  type BackendHealth,
  type HealthRules,
  type Outcome,
} from './backend-health.ts'
import {
  admit,
  afterOutcome,
  CLOSED,
  type Breaker,
  type Evidence,
} from './health/circuit-breaker.ts'

export type { Evidence } from './health/circuit-breaker.ts'

/** A success slower than this is degraded (vmcp 13.1). */
const SLOW_MS = 5_000

export interface MonitorOptions {
  readonly rules: () => OperationalConfig['failureHandling']
  readonly backends: () => Iterable<string>
  /** Asks a backend for a sign of life. Never rejects. Undefined: nothing to ask; what comes of it is recorded otherwise. */
  readonly probe: (backend: string, timeoutMs: number) => Promise<Outcome | undefined>
  readonly onChange?: (backend: string, health: BackendHealth) => void
  readonly now: Now
  readonly log: Logger
}

/** Knows how each backend is, from regular probes and from what happens to real calls. */
export interface HealthMonitor {
  start(): void
  stop(): void
  of(backend: string): { health: BackendHealth; breaker: Breaker }
  /** False: the breaker is open and the call must not be sent. */
  admit(backend: string): boolean
  /** `of`: a call that the backend had, or whether it can be reached. */
  record(backend: string, outcome: Outcome, of: Evidence): void
  /** Probes all backends now. */
  check(): Promise<void>
}

interface State {
  health: BackendHealth
  breaker: Breaker
}

export function createHealthMonitor(options: MonitorOptions): HealthMonitor {
  const { now, log } = options
  const states = new Map<string, State>()
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  function stateOf(backend: string): State {
    let state = states.get(backend)
    if (state === undefined)
      states.set(backend, (state = { health: UNKNOWN_HEALTH, breaker: CLOSED }))
    return state
  }

  function record(backend: string, outcome: Outcome, of: Evidence): void {
    const state = stateOf(backend)
    const rules = options.rules()
    const healthRules: HealthRules = {
      unhealthyThreshold: rules.unhealthyThreshold,
      slowMs: SLOW_MS,
    }
    const before = state.health
    // On the hot path nearly every call finds a healthy backend healthy: nothing to compute.
    if (outcome.kind === 'success' && outcome.durationMs === undefined && isFine(state)) return
    state.health = nextHealth(before, outcome, healthRules, now())
    const breaker = afterOutcome(
      state.breaker,
      { of, succeeded: outcome.kind !== 'failure' },
      rules.circuitBreaker,
      now(),
    )
    if (breaker.state !== state.breaker.state) {
      log.warn(
        { backend, from: state.breaker.state, to: breaker.state },
        'Circuit breaker of a backend changed',
      )
    }
    state.breaker = breaker
    if (before.status === state.health.status) return
    log.info(
      { backend, from: before.status, to: state.health.status },
      'Health of a backend changed',
    )
    options.onChange?.(backend, state.health)
  }

  async function check(): Promise<void> {
    const { healthCheckTimeoutMs } = options.rules()
    const names = [...options.backends()]
    for (const known of states.keys()) if (!names.includes(known)) states.delete(known)
    await Promise.all(
      names.map(async (name) => {
        const outcome = await options.probe(name, healthCheckTimeoutMs)
        if (outcome !== undefined) record(name, outcome, 'contact')
      }),
    )
  }

  function schedule(): void {
    if (stopped) return
    // The jitter keeps replicas from probing in step.
    const waitMs = options.rules().healthCheckIntervalMs * (0.9 + (performance.now() % 1) * 0.2)
    timer = setTimeout(() => void check().then(schedule, schedule), waitMs)
    timer.unref()
  }

  return {
    start: schedule,
    stop() {
      stopped = true
      clearTimeout(timer)
    },
    of: stateOf,
    admit(backend) {
      const state = stateOf(backend)
      if (state.breaker.state === 'closed') return true
      const decision = admit(state.breaker, options.rules().circuitBreaker, now())
      state.breaker = decision.breaker
      return decision.admitted
    },
    record,
    check,
  }
}

function isFine({ health, breaker }: State): boolean {
  if (health.status !== 'healthy' || breaker.state !== 'closed') return false
  return breaker.callFailures === 0 && breaker.contactFailures === 0
}
