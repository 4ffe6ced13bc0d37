import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import type { Claim, Decision, Limit, RateLimiter } from '../rate-limiter.ts'

/** A limiter whose time the test can move on. */
export interface LimiterUnderTest {
  readonly limiter: RateLimiter
  /** Another limiter over the same buckets. */
  readonly other: RateLimiter
  advance(ms: number): Promise<void>
  close(): Promise<void>
}

/** What every rate limiter must do. Periods are long, so that a busy machine does not fill a bucket by being slow. */
export function testRateLimiter(open: () => Promise<LimiterUnderTest>): void {
  let t: LimiterUnderTest
  let tests = 0
  before(async () => {
    t = await open()
  })
  after(() => t?.close())

  /** A bucket no other test knows. */
  function bucket(maxTokens: number, rest: Partial<Limit> = {}): Claim {
    const limit = { scope: 'shared', tool: undefined, refillPeriodMs: HOUR_MS, ...rest } as const
    return { key: `thv:rl:{test:suite}:${++tests}`, limit: { ...limit, maxTokens } }
  }

  const take = async (...claims: Claim[]): Promise<Decision> => t.limiter.take(claims, 1)
  async function takes(claims: Claim[], times: number): Promise<number> {
    let allowed = 0
    for (let i = 0; i < times; i++) if ((await take(...claims)).kind === 'allowed') allowed++
    return allowed
  }

  it('lets a burst of the size of the bucket pass, and no more', async () => {
    assert.equal(await takes([bucket(5)], 8), 5)
  })

  it('says how long to wait, and lets a call pass after that time but not before', async () => {
    const claim = bucket(4)
    assert.equal(await takes([claim], 4), 4)
    const refused = await take(claim)
    assert.equal(refused.kind, 'refused')
    assert.ok(refused.kind === 'refused')
    assert.equal(refused.claim, claim)
    assert.ok(refused.retryAfterMs > HOUR_MS / 5 && refused.retryAfterMs <= HOUR_MS / 4)
    await t.advance(HOUR_MS / 8)
    const again = await take(claim)
    assert.ok(again.kind === 'refused' && again.retryAfterMs <= HOUR_MS / 8)
    await t.advance(again.retryAfterMs)
    assert.equal((await take(claim)).kind, 'allowed')
    assert.equal((await take(claim)).kind, 'refused')
  })

  it('fills no bucket above its size', async () => {
    const claim = bucket(3)
    await take(claim)
    await t.advance(HOUR_MS * 10)
    assert.equal(await takes([claim], 5), 3)
  })

  it('takes from all buckets or from none, and names the one to wait for longest', async () => {
    const wide = bucket(10)
    const narrow = bucket(2, { tool: 'find' })
    const slow = bucket(3, { scope: 'user', refillPeriodMs: 10 * HOUR_MS })
    assert.equal(await takes([wide, narrow, slow], 5), 2)
    assert.equal(await takes([slow], 5), 1, 'the refused calls took nothing from the third')
    assert.equal(await takes([wide], 10), 8, 'nor from the first')
    const refused = await take(wide, narrow, slow)
    assert.equal(refused.kind === 'refused' && refused.claim, slow)
  })

  it('takes several tokens at once or none', async () => {
    const claim = bucket(5)
    assert.equal((await t.limiter.take([claim], 3)).kind, 'allowed')
    assert.equal((await t.limiter.take([claim], 3)).kind, 'refused')
    assert.equal((await t.limiter.take([claim], 2)).kind, 'allowed')
  })

  it('goes by new limits at once and keeps what a bucket holds', async () => {
    const claim = bucket(10)
    const sized = (maxTokens: number): Claim => ({ ...claim, limit: { ...claim.limit, maxTokens } })
    assert.equal(await takes([claim], 4), 4)
    assert.equal(await takes([sized(3)], 5), 3, 'six are left, three fit')
    assert.equal(await takes([sized(100)], 5), 0, 'a larger bucket is not a full one')
    await t.advance(HOUR_MS / 50)
    assert.equal(await takes([sized(100)], 5), 2, 'it fills faster')
  })

  it('shares buckets with every limiter of the same place, also under load', async () => {
    const claim = bucket(20)
    const decisions = await Promise.all(
      Array.from({ length: 60 }, async (_, i) => (i % 2 ? t.limiter : t.other).take([claim], 1)),
    )
    assert.equal(decisions.filter(({ kind }) => kind === 'allowed').length, 20)
  })
}

const HOUR_MS = 3_600_000
