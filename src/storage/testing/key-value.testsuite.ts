import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { KeyedEntry, KeyValue } from '../key-value.ts'
import type { TestClock } from './test-clock.ts'

/** What every implementation of KeyValue promises. `open` gives an empty store and the clock it lives by. */
export function testKeyValue(
  name: string,
  open: () => Promise<{ store: KeyValue; clock: TestClock }>,
): void {
  const withStore = (run: (store: KeyValue, clock: TestClock) => Promise<void>) => async () => {
    const { store, clock } = await open()
    try {
      await run(store, clock)
    } finally {
      await store.close()
    }
  }

  describe(name, () => {
    it(
      'answers undefined for a key nobody wrote',
      withStore(async (store) => {
        assert.equal(await store.get('nobody'), undefined)
        assert.equal(await store.delete('nobody'), false)
        assert.equal(await store.touch('nobody', 1000), false)
      }),
    )

    it(
      'returns what was written, with the version the write answered',
      withStore(async (store) => {
        const version = await store.set('a', 'one\0 ü 🎈 "two"')
        assert.deepEqual(await store.get('a'), { value: 'one\0 ü 🎈 "two"', version })
      }),
    )

    it(
      'gives every write a greater version, a rewrite after a delete included',
      withStore(async (store) => {
        const first = await written(store.set('a', '1'))
        const second = await written(store.set('a', '2'))
        await store.delete('a')
        const third = await written(store.set('a', '3'))
        assert.ok(first < second && second < third, `${first} ${second} ${third}`)
      }),
    )

    it(
      'writes with "absent" only once',
      withStore(async (store) => {
        assert.ok(await store.set('a', 'mine', { when: 'absent' }))
        assert.equal(await store.set('a', 'other', { when: 'absent' }), undefined)
        assert.equal((await store.get('a'))?.value, 'mine')
      }),
    )

    it(
      'writes with "present" only over a live entry',
      withStore(async (store, clock) => {
        assert.equal(await store.set('a', '1', { when: 'present' }), undefined)
        assert.equal(await store.get('a'), undefined)
        await store.set('a', '1', { ttlMs: 100_000 })
        assert.ok(await store.set('a', '2', { when: 'present', ttlMs: 100_000 }))
        await clock.advance(100_000)
        assert.equal(await store.set('a', '3', { when: 'present' }), undefined)
      }),
    )

    it(
      'writes with a version only if nobody wrote since',
      withStore(async (store) => {
        const version = await written(store.set('a', '1'))
        const next = await written(store.set('a', '2', { when: { version } }))
        assert.equal(await store.set('a', '3', { when: { version } }), undefined)
        assert.deepEqual(await store.get('a'), { value: '2', version: next })
        assert.equal(await store.set('b', '1', { when: { version } }), undefined)
      }),
    )

    it(
      'refuses a version from before a delete, though the key exists again',
      withStore(async (store) => {
        const version = await written(store.set('a', '1'))
        await store.delete('a')
        await store.set('a', '1')
        assert.equal(await store.set('a', '2', { when: { version } }), undefined)
        assert.equal(await store.delete('a', { version }), false)
      }),
    )

    it(
      'deletes only the version asked for',
      withStore(async (store) => {
        const version = await written(store.set('a', '1'))
        assert.equal(await store.delete('a', { version: version + 1 }), false)
        assert.equal(await store.delete('a', { version }), true)
        assert.equal(await store.get('a'), undefined)
      }),
    )

    it(
      'lets an entry expire at its time for every operation',
      withStore(async (store, clock) => {
        const version = await written(store.set('a', '1', { ttlMs: 1_000_000 }))
        await clock.advance(900_000)
        assert.ok(await store.get('a'))
        await clock.advance(100_000)
        assert.equal(await store.get('a'), undefined)
        assert.equal(await store.touch('a', 1_000_000), false)
        assert.equal(await store.delete('a', { version }), false)
        assert.deepEqual(await all(store, ''), [])
        assert.ok(await store.set('a', '2', { when: 'absent' }))
      }),
    )

    it(
      'prolongs with touch and keeps the version',
      withStore(async (store, clock) => {
        const version = await written(store.set('a', '1', { ttlMs: 1_000_000 }))
        await clock.advance(900_000)
        assert.equal(await store.touch('a', 1_000_000), true)
        await clock.advance(900_000)
        assert.deepEqual(await store.get('a'), { value: '1', version })
        await clock.advance(100_000)
        assert.equal(await store.get('a'), undefined)
      }),
    )

    it(
      'prolongs only the version asked for',
      withStore(async (store, clock) => {
        const version = await written(store.set('a', '1', { ttlMs: 1_000_000 }))
        assert.equal(await store.touch('a', 9_000_000, { version: version + 1 }), false)
        assert.equal(await store.touch('b', 9_000_000, { version }), false)
        await clock.advance(900_000)
        assert.equal(await store.touch('a', 1_000_000, { version }), true)
        await clock.advance(900_000)
        assert.ok(await store.get('a'))
        await clock.advance(100_000)
        assert.equal(await store.touch('a', 1_000_000, { version }), false)
      }),
    )

    it(
      'prolongs many in one go and says which were there',
      withStore(async (store, clock) => {
        for (let n = 0; n < 300; n += 2) await store.set(`k${n}`, '1', { ttlMs: 1_000_000 })
        await clock.advance(900_000)
        const touches = Array.from({ length: 300 }, (_, n) => ({ key: `k${n}`, ttlMs: 1_000_000 }))
        const found = await store.touchMany(touches)
        assert.deepEqual(
          found,
          touches.map((_, n) => n % 2 === 0),
        )
        await clock.advance(900_000)
        assert.ok(await store.get('k298'))
        assert.deepEqual(await store.touchMany([]), [])
      }),
    )

    it(
      'drops an expiry when a later write has none',
      withStore(async (store, clock) => {
        await store.set('a', '1', { ttlMs: 1_000_000 })
        await store.set('a', '2')
        await clock.advance(1e9)
        assert.equal((await store.get('a'))?.value, '2')
      }),
    )

    it(
      'scans exactly the prefix, in order, wildcards taken literally',
      withStore(async (store) => {
        for (const key of ['s:b', 's:a', 's%', 's_a', 't:a', 's', 's:', 's:\u{1f388}', 's:ü']) {
          await store.set(key, key.toUpperCase())
        }
        const found = await all(store, 's:')
        assert.deepEqual(
          found.map((entry) => entry.key),
          ['s:', 's:a', 's:b', 's:ü', 's:\u{1f388}'],
        )
        assert.equal(found[1]?.value, 'S:A')
        assert.equal(found[1]?.version, (await store.get('s:a'))?.version)
        assert.deepEqual(
          (await all(store, 's%')).map((entry) => entry.key),
          ['s%'],
        )
        assert.equal((await all(store, '')).length, 9)
      }),
    )

    it(
      'scans more than one page and bears deletes meanwhile',
      withStore(async (store) => {
        for (let n = 0; n < 450; n++) await store.set(`k:${String(n).padStart(4, '0')}`, '')
        await store.set('l', '')
        let seen = 0
        for await (const entry of store.scan('k:')) {
          seen += 1
          await store.delete(entry.key)
        }
        assert.equal(seen, 450)
        assert.deepEqual(
          (await all(store, '')).map((entry) => entry.key),
          ['l'],
        )
      }),
    )

    it(
      'lets exactly one of many racing writers win',
      withStore(async (store) => {
        const created = await Promise.all(
          Array.from({ length: 50 }, (_, n) => store.set('a', String(n), { when: 'absent' })),
        )
        assert.equal(created.filter((version) => version !== undefined).length, 1)
        const version = created.find((one) => one !== undefined) as number
        const replaced = await Promise.all(
          Array.from({ length: 50 }, (_, n) => store.set('a', String(n), { when: { version } })),
        )
        assert.equal(replaced.filter((one) => one !== undefined).length, 1)
      }),
    )

    it(
      'loses no increment under read, compare and set',
      withStore(async (store) => {
        await store.set('n', '0')
        await Promise.all(Array.from({ length: 20 }, () => increment(store, 'n', 10)))
        assert.equal((await store.get('n'))?.value, '200')
      }),
    )

    it(
      'rejects after close, and bears a second close',
      withStore(async (store) => {
        await store.close()
        await store.close()
        const closed = { code: 'STORAGE_CLOSED' }
        await assert.rejects(store.get('a'), closed)
        await assert.rejects(store.set('a', '1'), closed)
        await assert.rejects(store.touch('a', 1), closed)
        await assert.rejects(store.touchMany([{ key: 'a', ttlMs: 1 }]), closed)
        await assert.rejects(store.delete('a'), closed)
        await assert.rejects(all(store, ''), closed)
      }),
    )
  })
}

async function written(result: Promise<number | undefined>): Promise<number> {
  const version = await result
  assert.ok(version !== undefined)
  return version
}

async function all(store: KeyValue, prefix: string): Promise<KeyedEntry[]> {
  const found: KeyedEntry[] = []
  for await (const entry of store.scan(prefix)) found.push(entry)
  return found
}

/** Also used by the test with several processes. */
export async function increment(store: KeyValue, key: string, times: number): Promise<void> {
  for (let done = 0; done < times;) {
    const entry = await store.get(key)
    assert.ok(entry)
    const { version } = entry
    if (await store.set(key, String(Number(entry.value) + 1), { when: { version } })) done += 1
  }
}
