import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { leavePlan } from './leave.ts'

const DRAIN = { delayMs: 5_000, timeoutMs: 10_000, gracePeriodMs: 30_000, headroomMs: 2_000 }

describe('leavePlan()', () => {
  it('waits as the file says, and for late answers until shortly before the kill', () => {
    assert.deepEqual(leavePlan(DRAIN), { delayMs: 5_000, timeoutMs: 10_000, lateMs: 13_000 })
  })

  it('shortens the wait for calls that would outlive the grace period', () => {
    const plan = leavePlan({ ...DRAIN, timeoutMs: 60_000 })
    assert.deepEqual(plan, { delayMs: 5_000, timeoutMs: 23_000, lateMs: 0 })
  })

  it('waits for nothing late where nobody said when the process is killed', () => {
    const plan = leavePlan({ ...DRAIN, gracePeriodMs: undefined })
    assert.deepEqual(plan, { delayMs: 5_000, timeoutMs: 10_000, lateMs: 0 })
  })

  it('always ends within the grace period less its headroom', () => {
    const ms = fc.integer({ min: 0, max: 100_000 })
    fc.assert(
      fc.property(ms, ms, ms, ms, (delayMs, timeoutMs, spareMs, headroomMs) => {
        const gracePeriodMs = delayMs + headroomMs + spareMs
        const plan = leavePlan({ delayMs, timeoutMs, gracePeriodMs, headroomMs })
        assert.equal(plan.delayMs + plan.timeoutMs + plan.lateMs + headroomMs, gracePeriodMs)
        assert.ok(plan.timeoutMs <= timeoutMs)
      }),
    )
  })
})
