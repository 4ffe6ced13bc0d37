import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NO_REDIS, startRedis } from '../fixtures/redis/redis-server.ts'
import { COUNT, ITEMS, outputOf, PER_BACKEND, useLoopFleet } from '../support/loop-fleet.ts'
import { until } from '../support/until.ts'

describe('a loop over a fleet with Redis', { skip: NO_REDIS }, () => {
  const t = useLoopFleet(startRedis)

  it('is done once for each item, in order, on several replicas, within the budget', async () => {
    const { response } = await t.loops.start('read_all')
    const { iterations, ...counts } = outputOf(response)
    assert.deepEqual(
      counts,
      { count: COUNT, completed: COUNT, failed: 0 },
      JSON.stringify(response),
    )
    assert.deepEqual(
      iterations.map(({ item }) => item),
      ITEMS,
    )
    assert.deepEqual(
      iterations.map(({ output }) => output?.n),
      ITEMS,
    )
    assert.deepEqual(t.loops.backend.called.toSorted(), ITEMS.toSorted())
    const shares = await until('all calls in the audit logs', () => {
      const each = [0, 1, 2].map(t.loops.callsOf)
      return each.reduce((sum, one) => sum + one, 0) === COUNT ? each : undefined
    })
    assert.ok(shares.filter((one) => one > 0).length >= 2, shares.join(', '))
    assert.ok(t.loops.backend.most <= PER_BACKEND, `${t.loops.backend.most} at once`)
  })

  it('ends everywhere when its client does not want it any more', async () => {
    t.loops.backend.delayMs = 20_000
    const enough = new AbortController()
    const opened = t.loops.start('write_all', enough.signal)
    opened.catch(() => {})
    await t.loops.untilCalled(8)
    enough.abort()
    await until(
      'the calls to be broken off',
      () => (t.loops.backend.active === 0 ? true : undefined),
      15_000,
    )
    assert.ok(t.loops.backend.aborted >= 8, String(t.loops.backend.aborted))
    assert.ok(t.loops.backend.called.length <= 12, String(t.loops.backend.called.length))
  })

  it('is finished by the others when a worker is killed', async () => {
    t.loops.backend.delayMs = 50
    const running = t.loops.start('read_all')
    await t.loops.untilCalled(40)
    await t.loops.fleet.kill(0)
    const { iterations, ...counts } = outputOf((await running).response)
    assert.deepEqual(counts, { count: COUNT, completed: COUNT, failed: 0 })
    assert.deepEqual(
      iterations.map(({ output }) => output?.n),
      ITEMS,
    )
  })

  it('goes on elsewhere when the replica of its run is killed', async () => {
    t.loops.backend.delayMs = 50
    t.loops.start('read_all').catch(() => {})
    await t.loops.untilCalled(40)
    await t.loops.fleet.kill(2)
    await until(
      'the run to be completed',
      async () => {
        const output = t.loops.fleet.replicas[1]!.child.output()
        return output.includes('vmcp_workflow_completed') ? true : undefined
      },
      60_000,
    )
    assert.deepEqual([...new Set(t.loops.backend.called)].toSorted(), ITEMS.toSorted())
    // What was done and written down is not done again.
    assert.ok(t.loops.backend.called.length <= COUNT + 24, String(t.loops.backend.called.length))
  })
})
