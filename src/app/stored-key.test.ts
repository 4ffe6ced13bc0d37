import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { anyPresent } from '../cluster/any-present.ts'
import { openStorage } from '../storage/open-storage.ts'
import { createSealer } from '../storage/sealing.ts'
import { silentLogger } from '../telemetry/logger.ts'
import { keepStoredKey, storedKey } from './stored-key.ts'
import { FLEET_KEY_ID } from './errors.ts'

const log = silentLogger
const fresh = () => randomBytes(32)
const a = { id: 'a', key: fresh() }
const b = { id: 'b', key: fresh() }

async function openStore() {
  return (await openStorage({ provider: 'memory' }, { now: () => 1 })).keyValue
}

describe('storedKey()', () => {
  it('is the same for all who share a store, whoever comes first, sealed or not', async () => {
    for (const sealer of [undefined, createSealer([a])]) {
      const store = await openStore()
      const keys = await Promise.all(
        Array.from({ length: 5 }, () => storedKey({ store, fresh, sealer, log })),
      )
      for (const key of keys) assert.deepEqual(key, keys[0])
      assert.equal(keys[0]?.length, 32)
      await store.close()
    }
  })

  it('is sealed where there is a key, and anew when that one changes', async () => {
    const store = await openStore()
    const key = await storedKey({ store, fresh, sealer: createSealer([a]), log })
    for (const keys of [[a], [b, a], [b]] as const) {
      const [first, ...others] = keys
      const sealer = createSealer([first, ...others])
      assert.deepEqual(await storedKey({ store, fresh, sealer, log }), key)
      const { value = '' } = (await store.get('key:state')) ?? {}
      assert.ok(value.startsWith(`s1.${first.id}.`), value)
      assert.ok(!value.includes(key.toString('base64')))
    }
    await store.close()
  })

  it('does not believe one in plain text where there is a key to seal it with, and says so', async () => {
    const store = await openStore()
    const plain = await storedKey({ store, fresh, log })
    const warned: string[] = []
    const hearing = { ...log, warn: (_: object, text: string) => void warned.push(text) }
    const sealer = createSealer([a])
    const options = { store, fresh, sealer, log: hearing }
    const [one, other] = await Promise.all([storedKey(options), storedKey(options)])
    assert.notDeepEqual(one, plain)
    assert.deepEqual(one, other)
    assert.match(warned.join(), /plain text/)
    const { value = '' } = (await store.get('key:state')) ?? {}
    assert.ok(value.startsWith('s1.a.'), value)
    await store.close()
  })

  it('is not replaced while others run with one in plain text', async () => {
    const store = await openStore()
    const plain = await storedKey({ store, fresh, log })
    await store.set('cluster:replicas', '{"r1":"http://r1"}')
    await store.set('cluster:replica:r1', 'http://r1')
    const othersRun = () => anyPresent(store, 'cluster:')
    const options = { store, fresh, sealer: createSealer([a]), othersRun, log }
    await assert.rejects(storedKey(options), { code: 'APP_STATE_KEY_PLAIN' })
    assert.deepEqual(await storedKey({ store, fresh, log }), plain)
    await store.delete('cluster:replica:r1')
    assert.notDeepEqual(await storedKey(options), plain)
    await store.close()
  })

  it('is put back by those who run when somebody replaces it by one in plain text', async () => {
    const store = await openStore()
    const sealer = createSealer([a])
    const key = await storedKey({ store, fresh, sealer, log })
    await store.set('key:state', fresh().toString('base64'))
    const starting = storedKey({ store, fresh, sealer, patienceMs: 5_000, log })
    const keeper = keepStoredKey({ store, key, sealer, everyMs: 5, log })
    assert.deepEqual(await starting, key)
    keeper.close()
    await store.close()
  })

  it('is stored again when the store lost it, so that later replicas have the same', async () => {
    for (const sealer of [undefined, createSealer([a])]) {
      const store = await openStore()
      const key = await storedKey({ store, fresh, sealer, log })
      const keeper = keepStoredKey({ store, key, sealer, everyMs: 5, log })
      await store.delete('key:state')
      while ((await store.get('key:state')) === undefined) await sleep(5)
      assert.deepEqual(await storedKey({ store, fresh, sealer, log }), key)
      keeper.close()
      await store.close()
    }
  })

  it('says which key is missing instead of making another one', async () => {
    const store = await openStore()
    await storedKey({ store, fresh, sealer: createSealer([a]), log })
    for (const sealer of [undefined, createSealer([b])]) {
      await assert.rejects(storedKey({ store, fresh, sealer, log }), {
        code: 'APP_STATE_KEY_SEALED',
        message: /"a"/,
      })
    }
    await store.close()
  })

  it('says that the key of the fleet is another one', async () => {
    const store = await openStore()
    const [ours, theirs] = [1, 2].map((byte) =>
      createSealer([{ id: FLEET_KEY_ID, key: Buffer.alloc(32, byte) }]),
    )
    await storedKey({ store, fresh, sealer: theirs, log })
    for (const sealer of [undefined, ours]) {
      await assert.rejects(storedKey({ store, fresh, sealer, log }), (error: { hint?: string }) => {
        assert.match(error.hint ?? '', /THV_CLUSTER_KEY/)
        return true
      })
    }
    await store.close()
  })
})
