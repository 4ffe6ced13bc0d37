import assert from 'node:assert/strict'
import { it } from 'node:test'
import { systemNow } from '../base/clock.ts'
import { openStorage } from './open-storage.ts'

it('opens the configured store', async () => {
  for (const settings of [
    { provider: 'memory' },
    { provider: 'sqlite', path: ':memory:' },
  ] as const) {
    const store = await openStorage(settings, { now: systemNow })
    assert.ok(await store.set('a', '1'))
    await store.close()
  }
})

it('refuses a store that does not exist yet and names those that do', async () => {
  await assert.rejects(openStorage({ provider: 'redis' }, { now: systemNow }), {
    code: 'STORAGE_PROVIDER_NOT_SUPPORTED',
    hint: /memory or sqlite/,
  })
})
