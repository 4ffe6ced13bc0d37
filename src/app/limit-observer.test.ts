import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Claim, Limit } from '../policy/rate-limiter.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { renderPrometheus } from '../telemetry/prometheus.ts'
import { silentLogger } from '../telemetry/logger.ts'
import { createLimitObserver } from './limit-observer.ts'

function setUp() {
  const warned: object[] = []
  const metrics = createMetrics()
  const observer = createLimitObserver({
    metrics,
    log: { ...silentLogger, warn: (fields) => void warned.push(fields) },
    namespace: 'team',
    server: 'tools',
  })
  const lines = (start: string) =>
    renderPrometheus(metrics.snapshot())
      .split('\n')
      .filter((line) => line.startsWith(`toolhive_rate_limit_${start}`))
  return { observer, warned, lines }
}

function claim(scope: Limit['scope'], tool?: string): Claim {
  return { key: `${scope}${tool}`, limit: { scope, tool, maxTokens: 1, refillPeriodMs: 1 } }
}

const PLACE = 'namespace="team",server="tools"'

describe('createLimitObserver()', () => {
  it('counts each bucket that let a call pass, and the one that refused it', () => {
    const { observer, lines } = setUp()
    const claims = [claim('shared'), claim('shared', 't'), claim('user'), claim('user', 't')]
    observer.allowed(claims)
    observer.allowed(claims.slice(0, 1))
    observer.refused(claims[3]!)
    const line = (decision: string, scope: string, type: string, count: number) =>
      `toolhive_rate_limit_decisions_total{${PLACE},decision="${decision}",scope="${scope}",operation_type="${type}"} ${count}`
    assert.deepEqual(
      lines('decisions_total{').filter((each) => !each.endsWith(' 0')),
      [
        line('allowed', 'shared', 'server', 2),
        line('allowed', 'shared', 'tool', 1),
        line('allowed', 'per_user', 'server', 1),
        line('allowed', 'per_user', 'tool', 1),
        line('rejected', 'per_user', 'tool', 1),
      ],
    )
  })

  it('measures how long others take to decide', () => {
    const { observer, lines } = setUp()
    observer.asked(0.004)
    assert.deepEqual(lines('check_latency_seconds_count'), [
      `toolhive_rate_limit_check_latency_seconds_count{${PLACE}} 1`,
    ])
  })

  it('counts what could not be decided by its cause, and says it once a minute', () => {
    const { observer, warned, lines } = setUp()
    const causes = ['Command timed out', 'WRONGPASS no', 'connect ECONNREFUSED', 'ERR unknown']
    for (const cause of causes) observer.unavailable(new Error(cause), true)
    observer.unavailable(new Error('Connection is closed'), false)
    const line = (type: string, count: number) =>
      `toolhive_rate_limit_redis_errors_total{${PLACE},error_type="${type}"} ${count}`
    assert.deepEqual(lines('redis_errors_total{'), [
      line('timeout', 1),
      line('auth', 1),
      line('connection', 2),
      line('other', 1),
    ])
    assert.deepEqual(lines('fail_open_total{'), [`toolhive_rate_limit_fail_open_total{${PLACE}} 4`])
    assert.equal(warned.length, 1)
    assert.deepEqual(Object.entries(warned[0]!).at(-1), ['meanwhile', 'calls pass'])
  })
})
