import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { ageBuckets } from '../../../test/fixtures/redis/age-buckets.ts'
import {
  NO_REDIS,
  startRedis,
  type RedisServer,
} from '../../../test/fixtures/redis/redis-server.ts'
import { isAppError } from '../../base/errors.ts'
import { openStorage } from '../../storage/open-storage.ts'
import type { Stores } from '../../storage/stores.ts'
import type { Claim } from '../rate-limiter.ts'
import { testRateLimiter } from '../testing/rate-limiter.testsuite.ts'
import { createRedisRateLimiter } from './redis-rate-limiter.ts'

const CLAIM: Claim = {
  key: 'thv:rl:{local:n}:shared',
  limit: { scope: 'shared', tool: undefined, maxTokens: 4, refillPeriodMs: 60_500 },
}

function open({ host, port }: RedisServer, readMs = 10_000): Promise<Stores> {
  return openStorage(
    {
      provider: 'redis',
      redis: {
        topology: { kind: 'standalone', address: { host, port } },
        db: 0,
        timeouts: { dialMs: 5_000, readMs, writeMs: readMs },
      },
      keyPrefix: 'test:',
    },
    { now: () => 0 },
  )
}

function limiterOf({ script }: Stores, nowMs = () => performance.now()) {
  assert.ok(script)
  return createRedisRateLimiter({ script, nowMs })
}

describe('createRedisRateLimiter()', { skip: NO_REDIS }, () => {
  let server: RedisServer
  before(async () => {
    server = await startRedis()
  })
  after(() => server[Symbol.asyncDispose]())

  describe('with another on the same Redis', () => {
    testRateLimiter(async () => {
      const [one, two] = [await open(server), await open(server)]
      return {
        limiter: limiterOf(one),
        other: limiterOf(two),
        advance: (ms) => ageBuckets(server.admin, ms),
        async close() {
          await one.close()
          await two.close()
        },
      }
    })
  })

  it('keeps a bucket as users know it, for twice its refill period', async () => {
    const stores = await open(server)
    await limiterOf(stores).take([CLAIM], 1)
    const { tokens, last_refill, ...rest } = await server.admin.hgetall(CLAIM.key)
    assert.equal(Number(tokens), 3)
    const [seconds] = await server.admin.time()
    assert.ok(
      Math.abs(Number(last_refill) / 1e6 - Number(seconds)) < 60,
      'µs by the clock of Redis',
    )
    assert.deepEqual(rest, {})
    const ttl = await server.admin.ttl(CLAIM.key)
    assert.ok(ttl > 60 && ttl <= 121, `${ttl}`)
    await stores.close()
  })

  it('goes on from what another implementation left in a bucket', async () => {
    const stores = await open(server)
    const [seconds] = await server.admin.time()
    await server.admin.hset(CLAIM.key, { tokens: '1.5', last_refill: Number(seconds) * 1e6 })
    assert.equal((await limiterOf(stores).take([CLAIM], 1)).kind, 'allowed')
    assert.equal((await limiterOf(stores).take([CLAIM], 1)).kind, 'refused')
    await stores.close()
  })

  it('rejects while Redis is away, at once but for one call a second, and is back when Redis is', async () => {
    await using own = await startRedis()
    const stores = await open(own)
    let nowMs = 0
    const limiter = limiterOf(stores, () => nowMs)
    await limiter.take([CLAIM], 1)
    await own.stop()
    const isAway = (error: unknown) => isAppError(error, 'STORAGE_REDIS_AWAY')
    await assert.rejects(async () => limiter.take([CLAIM], 1), isAway)
    await own.start()
    const isBack = async (): Promise<boolean> =>
      (await Promise.resolve(limiter.take([CLAIM], 1)).catch(() => undefined)) !== undefined
    assert.equal(await isBack(), false, 'it does not ask again so soon')
    for (let tries = 0; tries < 400; tries++) {
      nowMs += 1_000
      if (await isBack()) return stores.close()
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    assert.fail('Redis is back, the limiter is not')
  })

  it('gives a Redis that froze one call to wait for', async () => {
    await using own = await startRedis()
    const stores = await open(own, 150)
    let nowMs = 0
    const limiter = limiterOf(stores, () => nowMs)
    await limiter.take([CLAIM], 1)
    own.pause()
    await assert.rejects(async () => limiter.take([CLAIM], 1), { code: 'STORAGE_REDIS_AWAY' })
    nowMs += 1_000
    const asking = assert.rejects(async () => limiter.take([CLAIM], 1))
    await assert.rejects(async () => limiter.take([CLAIM], 1), { code: 'STORAGE_REDIS_AWAY' })
    await asking
    own.resume()
    await stores.close()
  })
})
