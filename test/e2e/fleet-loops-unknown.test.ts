import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NO_REDIS, startRedis } from '../fixtures/redis/redis-server.ts'
import { COUNT, ITEMS, outputOf, partialOf, useLoopFleet } from '../support/loop-fleet.ts'

describe('a loop over a fleet that changes something', { skip: NO_REDIS }, () => {
  const t = useLoopFleet(startRedis)

  it('is done by the others when a worker is told to stop: it ends what it has', async () => {
    t.loops.backend.delayMs = 100
    const running = t.loops.start('write_all')
    await t.loops.untilCalled(40)
    assert.equal(await t.loops.fleet.replicas[0]!.child.stop(60_000), 0)
    const { iterations, ...counts } = outputOf((await running).response)
    assert.deepEqual(counts, { count: COUNT, completed: COUNT, failed: 0 })
    assert.equal(iterations.length, COUNT)
    assert.deepEqual(t.loops.backend.called.toSorted(), ITEMS.toSorted())
  })

  it('does nothing twice when a worker is killed, and names what nobody knows', async () => {
    t.loops.backend.delayMs = 100
    const running = t.loops.start('write_all')
    await t.loops.untilCalled(40)
    await t.loops.fleet.kill(1)
    const { response } = await running
    assert.equal(response.result?.['isError'], true, JSON.stringify(response))
    const text = JSON.stringify(response.result)
    const named = /outcome unknown of step [^:]*: iterations? ([\d, ]+):/.exec(text)?.[1] ?? ''
    assert.notEqual(named, '', text.slice(0, 2000))
    assert.equal(
      new Set(t.loops.backend.called).size,
      t.loops.backend.called.length,
      'nothing is called twice',
    )
    const { iterations } = partialOf(response)
    const doubtful = named.split(', ').map(Number)
    const ended = iterations.filter(({ status }) => status === 'completed')
    for (const { item } of ended) assert.ok(t.loops.backend.called.includes(item), item)
    // Whatever was called is either done or named.
    for (const item of t.loops.backend.called) {
      const index = ITEMS.indexOf(item)
      const isDone = iterations[index]?.status === 'completed'
      assert.ok(isDone || doubtful.includes(index), `${item}: ${JSON.stringify(iterations[index])}`)
    }
  })
})
