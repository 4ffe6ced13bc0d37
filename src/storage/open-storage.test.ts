import assert from 'node:assert/strict'
import { it } from 'node:test'
import { systemNow } from '../base/clock.ts'
import { openStorage } from './open-storage.ts'

it('opens the configured stores', async () => {
  for (const settings of [
    { provider: 'memory' },
    { provider: 'sqlite', path: ':memory:' },
  ] as const) {
    const stores = await openStorage(settings, { now: systemNow })
    assert.ok(await stores.keyValue.set('a', '1'))
    assert.equal(await stores.appendLog.append('a', ['1']), 1)
    await stores.bus.publish('a', '1')
    await stores.close()
    await stores.close()
    await assert.rejects(stores.keyValue.get('a'), { code: 'STORAGE_CLOSED' })
    await assert.rejects(stores.appendLog.read('a'), { code: 'STORAGE_CLOSED' })
    await assert.rejects(stores.bus.publish('a', '1'), { code: 'STORAGE_CLOSED' })
  }
})
