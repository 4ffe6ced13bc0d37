import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { openStorage } from '../storage/open-storage.ts'
import { storedKey } from './stored-key.ts'

describe('storedKey()', () => {
  it('is the same for all who share a store, whoever comes first', async () => {
    const stores = await openStorage({ provider: 'memory' }, { now: () => 1 })
    const keys = await Promise.all(
      Array.from({ length: 5 }, () => storedKey(stores.keyValue, () => randomBytes(32))),
    )
    for (const key of keys) assert.deepEqual(key, keys[0])
    assert.equal(keys[0]?.length, 32)
    await stores.close()
  })
})
