import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { silentLogger } from '../../telemetry/logger.ts'
import { operational } from '../config.ts'
import { nextHealth, UNKNOWN_HEALTH, type BackendHealth, type Outcome } from '../backend-health.ts'
import { admit, afterOutcome, CLOSED, type Breaker, type Evidence } from './circuit-breaker.ts'
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

function outcomes(of: Evidence) {
  return { failed: { of, succeeded: false }, succeeded: { of, succeeded: true } }
}

describe('circuit breaker', () => {
  const rules = { enabled: true, failureThreshold: 2, timeoutMs: 1000 }
  const call = outcomes('call')
  const contact = outcomes('contact')

  function after(breaker: Breaker, nowMs: number, ...all: { of: Evidence; succeeded: boolean }[]) {
    return all.reduce((each, outcome) => afterOutcome(each, outcome, rules, nowMs), breaker)
  }
  const open = after(CLOSED, 20, call.failed, call.failed)

  it('opens after failures in a row, not after scattered ones', () => {
    assert.equal(open.state, 'open')
    for (const { failed, succeeded } of [call, contact]) {
      const scattered = after(CLOSED, 1, failed, succeeded, failed, succeeded, failed)
      assert.equal(scattered.state, 'closed')
    }
    assert.equal(after(CLOSED, 1, call.failed, contact.failed).state, 'open')
    assert.equal(after(CLOSED, 1, contact.failed, call.succeeded, contact.failed).state, 'closed')
  })

  it('counts calls that fail until one succeeds, however well the backend answers probes', () => {
    const hanging = after(CLOSED, 1, call.failed, contact.succeeded, call.failed)
    assert.equal(hanging.state, 'open')
    assert.equal(after(hanging, 500, contact.succeeded).state, 'open')
    const again = after(hanging, 1001, contact.succeeded)
    assert.equal(again.state, 'closed')
    assert.equal(after(again, 1002, call.failed).state, 'open')
    assert.equal(after(again, 1002, call.succeeded, call.failed).state, 'closed')
  })

  it('closes at once when a backend that only could not be reached is reached', () => {
    const away = after(CLOSED, 1, contact.failed, contact.failed)
    assert.equal(away.state, 'open')
    assert.deepEqual(after(away, 2, contact.succeeded), { ...CLOSED, changedMs: 2 })
  })

  it('lets exactly one call try after its time, and closes or opens by what happens to it', () => {
    assert.equal(admit(open, rules, 500).admitted, false)
    const trial = admit(open, rules, 1020)
    assert.equal(trial.admitted, true)
    assert.equal(admit(trial.breaker, rules, 1021).admitted, false)
    assert.equal(after(trial.breaker, 1030, contact.succeeded).state, 'half-open')
    assert.equal(after(trial.breaker, 1030, call.succeeded).state, 'closed')
    const again = after(trial.breaker, 1030, call.failed)
    assert.equal(again.state, 'open')
    assert.equal(admit(again, rules, 1040).admitted, false)
  })

  it('tries anew when the outcome of a trial never came', () => {
    const trial = admit(open, rules, 1020).breaker
    assert.equal(admit(trial, rules, 2021).admitted, true)
  })

  it('does nothing when it is not enabled', () => {
    const off = { ...rules, enabled: false }
    const failed = afterOutcome(CLOSED, call.failed, off, 1)
    assert.equal(afterOutcome(failed, call.failed, off, 1).state, 'closed')
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
    monitor.record('b', FAILED, 'call')
    assert.equal(monitor.admit('b'), false)
    assert.equal(monitor.of('b').breaker.state, 'open')
    monitor.record('a', { kind: 'success' }, 'call')
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
