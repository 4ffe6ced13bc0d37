import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { NO_REDIS, startRedis, type RedisServer } from '../fixtures/redis/redis-server.ts'
import { ITEMS, openLoopFleet, partialOf, type LoopFleet } from '../support/loop-fleet.ts'

describe('a loop over a fleet that changes something', { skip: NO_REDIS }, () => {
  let redis: RedisServer
  let loops: LoopFleet
  before(async () => {
    redis = await startRedis()
    loops = await openLoopFleet(redis)
  })
  after(async () => {
    await loops?.[Symbol.asyncDispose]()
    await redis?.[Symbol.asyncDispose]()
  })

  it('does nothing twice when a worker is killed, and names what nobody knows', async () => {
    loops.backend.delayMs = 100
    const running = loops.start('write_all')
    await loops.untilCalled(40)
    await loops.fleet.kill(0)
    const { response } = await running
    assert.equal(response.result?.['isError'], true, JSON.stringify(response))
    const text = JSON.stringify(response.result)
    const named = /outcome unknown of step [^:]*: iterations? ([\d, ]+):/.exec(text)?.[1] ?? ''
    assert.notEqual(named, '', text.slice(0, 2000))
    assert.equal(
      new Set(loops.backend.called).size,
      loops.backend.called.length,
      'nothing is called twice',
    )
    const { iterations } = partialOf(response)
    const doubtful = named.split(', ').map(Number)
    const ended = iterations.filter(({ status }) => status === 'completed')
    for (const { item } of ended) assert.ok(loops.backend.called.includes(item), item)
    // Whatever was called is either done or named.
    for (const item of loops.backend.called) {
      const index = ITEMS.indexOf(item)
      const isDone = iterations[index]?.status === 'completed'
      assert.ok(isDone || doubtful.includes(index), `${item}: ${JSON.stringify(iterations[index])}`)
    }
  })
})
