import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { testKeyValue } from '../testing/key-value.testsuite.ts'
import { standingClock } from '../testing/test-clock.ts'
import { createMemoryKeyValue } from './memory-key-value.ts'

testKeyValue('memory key-value', async () => {
  const clock = standingClock()
  return { store: createMemoryKeyValue({ now: clock.now }), clock }
})

it('sweeps expired entries though nobody asks for them', async () => {
  const clock = { time: 0 }
  const store = createMemoryKeyValue({ now: () => clock.time, sweepIntervalMs: 5 })
  const expiring = new Array(100).fill(0).map((_, n) => store.set(`k${n}`, 'x', { ttlMs: 10 }))
  await Promise.all(expiring)
  clock.time = 10
  await sleep(30)
  // Back in time: only what the sweep removed is still gone.
  clock.time = 0
  assert.equal(await store.get('k7'), undefined)
  await store.close()
})
