import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ROUNDING, tokensAt, waitMs, type Bucket } from './bucket.ts'

const SIZE = { maxTokens: 10, refillPeriodMs: 1_000 }

const sizes = fc.record({
  maxTokens: fc.integer({ min: 1, max: 1_000 }),
  refillPeriodMs: fc.integer({ min: 1, max: 3_600_000 }),
})

describe('a token bucket', () => {
  it('fills evenly up to its size', () => {
    const empty: Bucket = { tokens: 0, atMs: 500 }
    assert.deepEqual(
      [500, 600, 1_000, 1_500, 9_000].map((nowMs) => tokensAt(empty, SIZE, nowMs)),
      [0, 1, 5, 10, 10],
    )
  })

  it('loses nothing to a clock that goes back, and what it holds above a smaller size', () => {
    assert.equal(tokensAt({ tokens: 3, atMs: 500 }, SIZE, 100), 3)
    assert.equal(tokensAt({ tokens: 10, atMs: 0 }, { ...SIZE, maxTokens: 2 }, 0), 2)
  })

  it('says how long it takes until there are enough tokens, and no sooner nor later', () => {
    assert.deepEqual(
      [2, 1, 0.5, 0].map((tokens) => waitMs(tokens, SIZE, 1)),
      [0, 0, 50, 100],
    )
    fc.assert(
      fc.property(sizes, fc.double({ min: 0, max: 0.99, noNaN: true }), (size, tokens) => {
        const ms = waitMs(tokens, size, 1)
        const enoughAt = (nowMs: number) =>
          waitMs(tokensAt({ tokens, atMs: 0 }, size, nowMs), size, 1) === 0
        assert.ok(enoughAt(ms), 'after that time')
        const earlier = ms - 2 - (ROUNDING * size.refillPeriodMs) / size.maxTokens
        assert.ok(earlier < 0 || !enoughAt(earlier), 'and not before')
      }),
    )
  })

  it('never gives more than its size and what it gained, in any window of time', () => {
    const arrivals = fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 200 })
    const small = fc.record({
      maxTokens: fc.integer({ min: 1, max: 8 }),
      refillPeriodMs: fc.integer({ min: 1, max: 2_000 }),
    })
    fc.assert(
      fc.property(small, arrivals, (size, gapsMs) => {
        let bucket: Bucket = { tokens: size.maxTokens, atMs: 0 }
        let nowMs = 0
        const taken: number[] = []
        for (const gapMs of gapsMs) {
          nowMs += gapMs
          const tokens = tokensAt(bucket, size, nowMs)
          const isEnough = waitMs(tokens, size, 1) === 0
          bucket = { tokens: isEnough ? tokens - 1 : tokens, atMs: nowMs }
          if (isEnough) taken.push(nowMs)
        }
        for (const [from, fromMs] of taken.entries()) {
          for (const [more, upToMs] of taken.slice(from).entries()) {
            const gained = ((upToMs - fromMs) * size.maxTokens) / size.refillPeriodMs
            assert.ok(more + 1 <= size.maxTokens + gained + 1e-3)
          }
        }
      }),
      { numRuns: 50 },
    )
  })
})
