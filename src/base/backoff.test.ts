import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createBackoff } from './backoff.ts'

describe('createBackoff', () => {
  it('grows by the factor up to the maximum and begins again after a reset', () => {
    const backoff = createBackoff({ minMs: 100, maxMs: 1000, factor: 3, jitter: 0 })
    assert.deepEqual(
      [1, 2, 3, 4, 5].map(() => backoff.nextMs()),
      [100, 300, 900, 1000, 1000],
    )
    assert.equal(backoff.tries, 5)
    backoff.reset()
    assert.equal(backoff.nextMs(), 100)
  })

  it('takes off at most the jittered part', () => {
    const backoff = createBackoff({ minMs: 1000, maxMs: 1000, jitter: 0.5, random: () => 0.5 })
    assert.equal(backoff.nextMs(), 750)
    const wild = createBackoff({ minMs: 1000, maxMs: 1000, jitter: 0.3 })
    for (let i = 0; i < 100; i++) {
      const waitMs = wild.nextMs()
      assert.ok(waitMs >= 700 && waitMs <= 1000, String(waitMs))
    }
  })
})
