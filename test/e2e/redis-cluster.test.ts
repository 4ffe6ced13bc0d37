import { after, before, describe, it } from 'node:test'
import { systemNow } from '../../src/base/clock.ts'
import { openSharedPermits } from '../../src/cluster/shared-permits.ts'
import { openRateLimiter } from '../../src/policy/open-rate-limiter.ts'
import { testRateLimiter } from '../../src/policy/testing/rate-limiter.testsuite.ts'
import { openStorage } from '../../src/storage/open-storage.ts'
import { testStores } from '../../src/storage/testing/stores.testsuite.ts'
import { testWorkQueue } from '../../src/storage/testing/work-queue.testsuite.ts'
import { silentLogger } from '../../src/telemetry/logger.ts'
import { ageBuckets } from '../fixtures/redis/age-buckets.ts'
import { startRedisCluster, type RedisCluster } from '../fixtures/redis/redis-cluster.ts'
import { NO_REDIS } from '../fixtures/redis/redis-server.ts'
import { shortenLives } from '../fixtures/redis/shorten-lives.ts'
import { until } from '../support/until.ts'

describe('redis cluster', { skip: NO_REDIS }, () => {
  let cluster: RedisCluster
  before(async () => {
    cluster = await startRedisCluster({ password: 'pw' })
  })
  after(() => cluster[Symbol.asyncDispose]())

  const open = (keyPrefix: string, onError: (error: unknown) => void = () => {}) =>
    openStorage(
      {
        provider: 'redis',
        redis: {
          topology: { kind: 'cluster', addresses: cluster.nodes },
          db: 0,
          password: 'pw',
          timeouts: { dialMs: 5000, readMs: 10_000, writeMs: 10_000 },
        },
        keyPrefix,
      },
      { now: systemNow, onError },
    )

  testStores('cluster', {
    isShared: true,
    open,
    async advance(keyPrefix, ms) {
      for (const { admin } of cluster.nodes) await shortenLives(admin, keyPrefix, ms)
    },
  })

  testWorkQueue('cluster work queue', open)

  it('counts permits', async () => {
    const stores = await open('permits:')
    const { script, bus } = stores
    const shared = await openSharedPermits({
      script: script!,
      bus,
      keyPrefix: 'permits:',
      self: 'a',
      log: silentLogger,
    })
    let waiting = 5
    const permits = shared.open('one', {
      limit: () => 3,
      active: () => 0,
      waiting: () => waiting,
      onGranted: () => (waiting = 0),
    })
    permits.changed()
    await until('permits', () => (permits.granted === 3 ? true : undefined))
    await shared.close()
    await stores.close()
  })

  describe('rate limiter', () => {
    testRateLimiter(async () => {
      const [one, two] = [await open('one:'), await open('two:')]
      return {
        limiter: await openRateLimiter(one),
        other: await openRateLimiter(two),
        async advance(ms) {
          for (const { admin } of cluster.nodes) await ageBuckets(admin, ms)
        },
        async close() {
          await one.close()
          await two.close()
        },
      }
    })
  })
})
