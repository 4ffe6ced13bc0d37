import type { Claim, Limit } from '../policy/rate-limiter.ts'
import type { RateLimitObserver } from '../policy/rate-limits.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Counter, Metrics } from '../telemetry/metrics.ts'

export interface LimitObserverOptions {
  readonly metrics: Metrics
  readonly log: Logger
  readonly namespace: string
  readonly server: string
}

/** While Redis is away, it is said again after so long. */
const QUIET_MS = 60_000

/** Counts the decisions of limits under the names users' dashboards know (vmcp 15), and says when none can be made. */
export function createLimitObserver(options: LimitObserverOptions): RateLimitObserver {
  const { metrics, log, namespace, server } = options
  const place = { namespace, server }
  const decisions = metrics.counter(
    'toolhive_rate_limit_decisions_total',
    'Decisions of rate limit buckets: each that let a call pass, the one that refused it',
  )
  const redisErrors = metrics.counter(
    'toolhive_rate_limit_redis_errors_total',
    'Rate limits that Redis could not be asked for',
  )
  const failOpen = metrics.counter(
    'toolhive_rate_limit_fail_open_total',
    'Calls that passed because Redis could not be asked',
  )
  const latency = metrics.histogram(
    'toolhive_rate_limit_check_latency_seconds',
    'How long Redis took to decide',
  )
  const series = new WeakMap<Limit, { allowed: Counter; rejected: Counter }>()
  let saidAtMs = -QUIET_MS

  function seriesOf({ limit }: Claim) {
    let found = series.get(limit)
    if (found === undefined) {
      const labels = (decision: string) => ({
        ...place,
        decision,
        scope: limit.scope === 'shared' ? 'shared' : 'per_user',
        operation_type: limit.tool === undefined ? 'server' : 'tool',
      })
      found = {
        allowed: decisions.with(labels('allowed')),
        rejected: decisions.with(labels('rejected')),
      }
      series.set(limit, found)
    }
    return found
  }

  return {
    allowed(claims) {
      for (const claim of claims) seriesOf(claim).allowed.inc()
    },
    refused(claim) {
      seriesOf(claim).rejected.inc()
    },
    asked(seconds) {
      latency.with(place).observe(seconds)
    },
    unavailable(error, passed) {
      redisErrors.with({ ...place, error_type: errorType(error) }).inc()
      if (passed) failOpen.with(place).inc()
      const nowMs = performance.now()
      if (nowMs - saidAtMs < QUIET_MS) return
      saidAtMs = nowMs
      const meanwhile = passed ? 'calls pass' : 'calls are refused'
      log.warn({ err: error, meanwhile }, 'Rate limits cannot be checked')
    },
  }
}

/** `timeout`, `auth`, `connection` or `other`. */
function errorType(error: unknown): string {
  const text = error instanceof Error ? `${error.message} ${String(error.cause)}` : String(error)
  if (/timed? ?out/i.test(text)) return 'timeout'
  if (/NOAUTH|WRONGPASS|NOPERM/.test(text)) return 'auth'
  return /ECONN|ENOTFOUND|EPIPE|EHOST|clos|connect/i.test(text) ? 'connection' : 'other'
}
