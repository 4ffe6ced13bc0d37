import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NO_REDIS, startRedis } from '../../../test/fixtures/redis/redis-server.ts'
import { evictionPolicy } from './eviction-policy.ts'

describe('the eviction policy of a Redis', () => {
  const policyIn = (...lines: string[]) =>
    evictionPolicy({ info: async () => ['# Memory', ...lines, ''].join('\r\n') })

  it('is none where nothing is ever evicted, or where nobody may ask', async () => {
    assert.equal(await policyIn('maxmemory:0', 'maxmemory_policy:allkeys-lru'), undefined)
    assert.equal(await policyIn('maxmemory:100', 'maxmemory_policy:noeviction'), undefined)
    assert.equal(await policyIn(), undefined)
    const forbidden = { info: () => Promise.reject(new Error('NOPERM')) }
    assert.equal(await evictionPolicy(forbidden), undefined)
  })

  it('is told', { skip: NO_REDIS }, async () => {
    await using redis = await startRedis()
    assert.equal(await evictionPolicy(redis.admin), undefined)
    await redis.admin.config('SET', 'maxmemory', '100mb')
    await redis.admin.config('SET', 'maxmemory-policy', 'volatile-lru')
    assert.equal(await evictionPolicy(redis.admin), 'volatile-lru')
  })
})
