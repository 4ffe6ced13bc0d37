import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { systemNow } from '../base/clock.ts'
import { openStorage } from './open-storage.ts'
import { testStores } from './testing/stores.testsuite.ts'
import { standingClock } from './testing/test-clock.ts'

it('opens the configured stores', async () => {
  for (const settings of [
    { provider: 'memory' },
    { provider: 'sqlite', path: ':memory:', keyPrefix: 'thv:' },
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

describe('stores under prefixes in one SQLite file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'thv-prefixes-'))
  after(() => rm(folder, { recursive: true }))
  const clock = standingClock()

  // Each test has a prefix of its own in the same file: one that sees what another left fails.
  testStores('prefixed', {
    open: (keyPrefix, onError) =>
      openStorage(
        { provider: 'sqlite', path: join(folder, 's.db'), keyPrefix },
        { now: clock.now, onError },
      ),
    advance: (_prefix, ms) => clock.advance(ms),
  })
})
