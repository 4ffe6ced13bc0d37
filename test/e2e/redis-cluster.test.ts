import { after, before, describe } from 'node:test'
import { systemNow } from '../../src/base/clock.ts'
import { openStorage } from '../../src/storage/open-storage.ts'
import { testStores } from '../../src/storage/testing/stores.testsuite.ts'
import { startRedisCluster, type RedisCluster } from '../fixtures/redis/redis-cluster.ts'
import { NO_REDIS } from '../fixtures/redis/redis-server.ts'
import { shortenLives } from '../fixtures/redis/shorten-lives.ts'

describe('redis cluster', { skip: NO_REDIS }, () => {
  let cluster: RedisCluster
  before(async () => {
    cluster = await startRedisCluster({ password: 'pw' })
  })
  after(() => cluster[Symbol.asyncDispose]())

  testStores('cluster', {
    isShared: true,
    open: (keyPrefix, onError) =>
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
      ),
    async advance(keyPrefix, ms) {
      for (const { admin } of cluster.nodes) await shortenLives(admin, keyPrefix, ms)
    },
  })
})
