import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Claim } from '../rate-limiter.ts'
import { testRateLimiter } from '../testing/rate-limiter.testsuite.ts'
import { createMemoryRateLimiter } from './memory-rate-limiter.ts'

function setUp(maxUserBuckets?: number) {
  let nowMs = 1_000
  const limiter = createMemoryRateLimiter({
    nowMs: () => nowMs,
    ...(maxUserBuckets === undefined ? {} : { maxUserBuckets }),
  })
  return { limiter, advance: (ms: number) => void (nowMs += ms) }
}

function userBucket(user: number, maxTokens = 2, refillPeriodMs = 1_000): Claim {
  return {
    key: `user:${user}`,
    limit: { scope: 'user', tool: undefined, maxTokens, refillPeriodMs },
  }
}

const SHARED: Claim = {
  key: 'shared',
  limit: { scope: 'shared', tool: undefined, maxTokens: 100_000, refillPeriodMs: 3_600_000 },
}

describe('createMemoryRateLimiter()', () => {
  testRateLimiter(async () => {
    const { limiter, advance } = setUp()
    return { limiter, other: limiter, advance: async (ms) => advance(ms), close: async () => {} }
  })

  it('decides at once', () => {
    assert.deepEqual(setUp().limiter.take([SHARED], 1), { kind: 'allowed' })
  })

  it('drops buckets that are full again', () => {
    const { limiter, advance } = setUp()
    for (let user = 0; user < 1_000; user++) limiter.take([userBucket(user)], 1)
    assert.equal(limiter.size, 1_000)
    advance(1_000)
    for (let user = 1_000; user < 1_100; user++) limiter.take([userBucket(user)], 1)
    assert.ok(limiter.size <= 200, `${limiter.size} are left`)
  })

  it('keeps a bounded number of users, rather those that used most', () => {
    const { limiter } = setUp(100)
    const greedy = userBucket(-1, 50, 3_600_000)
    limiter.take([SHARED, greedy], 50)
    for (let user = 0; user < 1_000; user++) {
      limiter.take([SHARED, userBucket(user, 50, 3_600_000)], 1)
      assert.ok(limiter.size <= 101)
    }
    const refused = limiter.take([SHARED, greedy], 1)
    assert.equal(refused.kind === 'refused' && refused.claim, greedy)
  })

  it('takes from all buckets or none, whatever is called when', () => {
    const claims: Claim[] = [1, 2, 3].map((user) => userBucket(user, user * 2, user * 500))
    const steps = fc.array(
      fc.record({
        gapMs: fc.integer({ min: 0, max: 400 }),
        which: fc.subarray(claims, { minLength: 1 }),
      }),
      { maxLength: 100 },
    )
    fc.assert(
      fc.property(steps, (list) => {
        const { limiter, advance } = setUp()
        const model = new Map(claims.map((claim) => [claim, claim.limit.maxTokens]))
        for (const { gapMs, which } of list) {
          advance(gapMs)
          for (const [{ limit }, tokens] of [...model].map(([c, n]) => [c, n] as const)) {
            const gained = (gapMs * limit.maxTokens) / limit.refillPeriodMs
            const claim = claims.find((each) => each.limit === limit)!
            model.set(claim, Math.min(limit.maxTokens, tokens + gained))
          }
          const expected = which.every((claim) => model.get(claim)! >= 1 - 1e-6)
          const decision = limiter.take(which, 1)
          assert.equal(decision.kind, expected ? 'allowed' : 'refused')
          if (expected) for (const claim of which) model.set(claim, model.get(claim)! - 1)
        }
      }),
      { numRuns: 100 },
    )
  })
})
