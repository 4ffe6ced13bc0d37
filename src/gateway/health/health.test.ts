import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { silentLogger } from '../../telemetry/logger.ts'
import { operational } from '../config.ts'
import { nextHealth, UNKNOWN_HEALTH, type BackendHealth, type Outcome } from '../backend-health.ts'
import { admit, afterOutcome, CLOSED } from './circuit-breaker.ts'
import { createHealthMonitor } from '../health-monitor.ts'

const RULES = { unhealthyThreshold: 3, slowMs: 5000 }
const OK: Outcome = { kind: 'success', durationMs: 1 }
const FAILED: Outcome = { kind: 'failure', category: 'timeout' }

function after(...outcomes: Outcome[]): BackendHealth {
  return outcomes.reduce(
    (health, outcome, i) => nextHealth(health, outcome, RULES, i + 1),
    UNKNOWN_HEALTH,
  )
}

describe('nextHealth()', () => {
  it('is healthy after a success, degraded after a slow one or the first after failures', () => {
    assert.equal(after(OK).status, 'healthy')
    assert.equal(after({ kind: 'success', durationMs: 5001 }).status, 'degraded')
    assert.equal(after(FAILED, OK).status, 'degraded')
    assert.equal(after(FAILED, OK, OK).status, 'healthy')
  })

  it('is unknown at first failures and unhealthy from the threshold on', () => {
    assert.equal(after(FAILED, FAILED).status, 'unknown')
    const down = after(FAILED, FAILED, FAILED)
    assert.deepEqual(down, {
      status: 'unhealthy',
      consecutiveFailures: 3,
      lastCheckMs: 3,
      lastTransitionMs: 3,
      lastErrorCategory: 'timeout',
    })
  })

  it('tells a server that wants credentials from one that refuses ours', () => {
    assert.equal(
      after({ kind: 'unauthenticated', hasCredentials: false }).status,
      'unauthenticated',
    )
    assert.equal(after({ kind: 'unauthenticated', hasCredentials: true }).status, 'healthy')
  })
})

describe('circuit breaker', () => {
  const rules = { enabled: true, failureThreshold: 2, timeoutMs: 1000 }
  const open = afterOutcome(afterOutcome(CLOSED, false, rules, 10), false, rules, 20)

  it('opens after failures in a row, not after scattered ones', () => {
    assert.equal(open.state, 'open')
    let breaker = CLOSED
    for (const ok of [false, true, false, true, false])
      breaker = afterOutcome(breaker, ok, rules, 1)
    assert.equal(breaker.state, 'closed')
  })

  it('lets exactly one call try after its time, and closes or opens by what happens to it', () => {
    assert.equal(admit(open, rules, 500).admitted, false)
    const trial = admit(open, rules, 1020)
    assert.equal(trial.admitted, true)
    assert.equal(admit(trial.breaker, rules, 1021).admitted, false)
    assert.equal(afterOutcome(trial.breaker, true, rules, 1030).state, 'closed')
    const again = afterOutcome(trial.breaker, false, rules, 1030)
    assert.equal(again.state, 'open')
    assert.equal(admit(again, rules, 1040).admitted, false)
  })

  it('tries anew when the outcome of a trial never came', () => {
    const trial = admit(open, rules, 1020).breaker
    assert.equal(admit(trial, rules, 2021).admitted, true)
  })

  it('does nothing when it is not enabled', () => {
    const off = { ...rules, enabled: false }
    assert.equal(afterOutcome(afterOutcome(CLOSED, false, off, 1), false, off, 1).state, 'closed')
  })
})

describe('createHealthMonitor()', () => {
  it('probes all backends and counts calls as well', async () => {
    const { failureHandling } = operational.parse({
      failureHandling: {
        unhealthyThreshold: 2,
        circuitBreaker: { enabled: true, failureThreshold: 3, timeout: '1s' },
      },
    })
    const heard: string[] = []
    const answers: Record<string, Outcome> = { a: OK, b: FAILED }
    const monitor = createHealthMonitor({
      rules: () => failureHandling,
      backends: () => Object.keys(answers),
      probe: async (name) => answers[name]!,
      onChange: (name, health) => heard.push(`${name} ${health.status}`),
      now: () => 1,
      log: silentLogger,
    })
    await monitor.check()
    await monitor.check()
    assert.deepEqual(heard, ['a healthy', 'b unhealthy'])
    assert.equal(monitor.admit('b'), true)
    monitor.record('b', FAILED)
    assert.equal(monitor.admit('b'), false)
    assert.equal(monitor.of('b').breaker.state, 'open')
    monitor.record('a', { kind: 'success' })
    assert.equal(monitor.of('a').health.status, 'healthy')
  })

  it('probes no more once it is stopped, also in the middle of a round', async () => {
    const { failureHandling } = operational.parse({
      failureHandling: { healthCheckInterval: '10ms', healthCheckTimeout: '5ms' },
    })
    const probing = Promise.withResolvers<void>()
    const answer = Promise.withResolvers<Outcome>()
    let probes = 0
    const monitor = createHealthMonitor({
      rules: () => failureHandling,
      backends: () => ['a'],
      probe: () => {
        probes++
        probing.resolve()
        return answer.promise
      },
      now: () => 1,
      log: silentLogger,
    })
    monitor.start()
    // The monitor's timer does not hold the process.
    const holding = setTimeout(() => {}, 10_000)
    await probing.promise
    monitor.stop()
    answer.resolve(OK)
    await new Promise((resolve) => setTimeout(resolve, 50))
    clearTimeout(holding)
    assert.equal(probes, 1)
  })
})
