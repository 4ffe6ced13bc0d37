import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { testAppendLog } from '../testing/append-log.testsuite.ts'
import { standingClock } from '../testing/test-clock.ts'
import { createMemoryAppendLog } from './memory-append-log.ts'

testAppendLog('memory append-log', async () => {
  const clock = standingClock()
  return { log: createMemoryAppendLog({ now: clock.now }), clock }
})

it('sweeps expired logs though nobody asks for them', async () => {
  const clock = { time: 0 }
  const log = createMemoryAppendLog({ now: () => clock.time, sweepIntervalMs: 5 })
  await log.append('a', ['0'], { ttlMs: 10 })
  clock.time = 10
  await sleep(30)
  // Back in time: only what the sweep removed is still gone.
  clock.time = 0
  assert.equal((await log.read('a')).length, 0)
  await log.close()
})
