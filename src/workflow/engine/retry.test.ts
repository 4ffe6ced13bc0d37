import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nextTryMs } from './retry.ts'

describe('6.5: retry', () => {
  const middle = 0.5
  const policy = { retryCount: 99, retryDelayMs: 1000 }

  it('waits the delay first, then half as much again each time', () => {
    const delays = [1, 2, 3, 4].map((attempt) => nextTryMs(policy, attempt, 0, middle))
    assert.deepEqual(delays, [1000, 1500, 2250, 3375])
  })

  it('spreads by half either way', () => {
    assert.equal(nextTryMs(policy, 1, 0, 0), 500)
    assert.equal(nextTryMs(policy, 1, 0, 0.999999), 1500)
  })

  it('gives up after so many further tries, and after ten whatever the file says', () => {
    assert.equal(nextTryMs({ retryCount: 2, retryDelayMs: 1 }, 2, 0, middle), 2)
    assert.equal(nextTryMs({ retryCount: 2, retryDelayMs: 1 }, 3, 0, middle), undefined)
    assert.ok(nextTryMs(policy, 10, 0, middle))
    assert.equal(nextTryMs(policy, 11, 0, middle), undefined)
  })

  it('never waits longer than sixty times the delay', () => {
    // 1.5 ** 9 is below 60: only jitter could pass it, so no retry within the cap does; the bound holds all the same.
    assert.ok(nextTryMs(policy, 10, 0, 0.999999)! <= 60_000)
  })

  it('begins no try later than 15 minutes after the first', () => {
    assert.equal(nextTryMs(policy, 1, 15 * 60_000 - 1000, middle), 1000)
    assert.equal(nextTryMs(policy, 1, 15 * 60_000 - 999, middle), undefined)
  })
})
