import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startRedisCluster } from '../fixtures/redis/redis-cluster.ts'
import { NO_REDIS } from '../fixtures/redis/redis-server.ts'
import { COUNT, ITEMS, outputOf, useLoopFleet } from '../support/loop-fleet.ts'
import { until } from '../support/until.ts'

describe('a loop over a fleet with a Redis Cluster', { skip: NO_REDIS }, () => {
  const t = useLoopFleet(startRedisCluster)

  it('is done once for each item, in order, on several replicas', async () => {
    const { iterations, ...counts } = outputOf((await t.loops.start('read_all')).response)
    assert.deepEqual(counts, { count: COUNT, completed: COUNT, failed: 0 })
    assert.deepEqual(
      iterations.map(({ output }) => output?.n),
      ITEMS,
    )
    assert.deepEqual(t.loops.backend.called.toSorted(), ITEMS.toSorted())
    await until('all calls in the audit logs', () => {
      const each = [0, 1, 2].map(t.loops.callsOf)
      const sum = each.reduce((all, one) => all + one, 0)
      return sum === COUNT && each.filter((one) => one > 0).length >= 2 ? true : undefined
    })
  })

  it('ends everywhere when its client does not want it any more', async () => {
    t.loops.backend.delayMs = 20_000
    const enough = new AbortController()
    t.loops.start('write_all', enough.signal).catch(() => {})
    await t.loops.untilCalled(8)
    enough.abort()
    await until('an end', () => (t.loops.backend.active === 0 ? true : undefined), 15_000)
    assert.ok(t.loops.backend.aborted >= 8, String(t.loops.backend.aborted))
  })

  it('ends with its replicas when they are told to', async () => {
    for (const { child } of t.loops.fleet.replicas) assert.equal(await child.stop(30_000), 0)
  })
})
