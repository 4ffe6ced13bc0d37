import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { storageErrors } from './errors.ts'
import type { KeyValue } from './key-value.ts'
import { createMemoryKeyValue } from './memory/memory-key-value.ts'
import {
  createResilientKeyValue,
  type ResilientOptions,
  type StoreChange,
} from './resilient-key-value.ts'
import { testKeyValue } from './testing/key-value.testsuite.ts'
import { standingClock } from './testing/test-clock.ts'

testKeyValue('resilient key-value', async () => {
  const clock = standingClock()
  const store = createMemoryKeyValue({ now: clock.now })
  return {
    store: createResilientKeyValue({
      store,
      name: 'r:1',
      whenUnavailable: 'degrade',
      now: clock.now,
      onChange: () => {},
    }),
    clock,
  }
})

describe('createResilientKeyValue()', () => {
  it('takes writes while the store is away, shows them, and stores them when it is back', async () => {
    const t = setUp()
    await t.store.set('old', '1', { ttlMs: 1000 })
    t.cut()
    assert.equal(await t.store.set('new', 'a', { ttlMs: 1000, when: 'absent' }), 0)
    assert.equal(await t.store.set('new', 'b', { ttlMs: 1000, when: 'absent' }), undefined)
    assert.equal(await t.store.set('old', '2', { ttlMs: 1000, when: 'present' }), 0)
    assert.deepEqual(await t.store.get('new'), { value: 'a', version: 0 })
    assert.deepEqual(await t.store.get('old'), { value: '2', version: 0 })
    assert.equal(t.store.queuedCount, 2)
    await t.clock.advance(500)
    await t.mend()
    assert.equal((await t.inner.get('new'))?.value, 'a')
    assert.equal((await t.inner.get('old'))?.value, '2')
    assert.equal(t.store.queuedCount, 0)
    await t.clock.advance(499)
    assert.ok(await t.inner.get('new'))
    await t.clock.advance(1)
    assert.equal(await t.inner.get('new'), undefined)
  })

  it('tells once that the store is away and once that it is back, for how long and what had waited', async () => {
    const t = setUp()
    t.cut()
    t.store.connected(false)
    for (let n = 0; n < 5; n++) await t.store.set(`k${n}`, 'x', { ttlMs: 60_000 })
    await t.clock.advance(7000)
    assert.equal(t.store.isUp, false)
    await t.mend()
    assert.equal(t.store.isUp, true)
    assert.deepEqual(
      t.changes.map(({ kind }) => kind),
      ['down', 'up'],
    )
    assert.deepEqual(t.changes[1], { kind: 'up', downMs: 7000, written: 5 })
  })

  it('names the store when the connection is lost', () => {
    const t = setUp()
    t.store.connected(false)
    const [change] = t.changes
    assert.ok(change?.kind === 'down')
    assert.match(String(change.error), /Cannot use the Redis at "r:1" now/)
  })

  it('refuses new entries where it is told to, and takes changes of old ones', async () => {
    const t = setUp({ whenUnavailable: 'refuse' })
    await t.store.set('old', '1')
    t.cut()
    await assert.rejects(t.store.set('new', 'a', { when: 'absent' }), {
      code: 'STORAGE_REDIS_AWAY',
      status: 503,
    })
    assert.equal(await t.store.set('old', '2', { when: 'present' }), 0)
    assert.equal(await t.store.touch('old', 1000), true)
  })

  it('promises nothing that others could break: versions, and what it does not know', async () => {
    const t = setUp()
    const version = (await t.store.set('a', '1')) as number
    t.cut()
    const away = { code: 'STORAGE_REDIS_AWAY' }
    await assert.rejects(t.store.get('a'), away)
    await assert.rejects(t.store.set('a', '2', { when: { version } }), away)
    await assert.rejects(t.store.delete('a', { version }), away)
    await assert.rejects(t.store.touch('a', 5, { version }), away)
    assert.equal(t.store.queuedCount, 0)
  })

  it('lets the latest write win: touch after set, delete after both, set after delete', async () => {
    const t = setUp()
    for (const key of ['touched', 'deleted', 'again']) await t.store.set(key, '0', { ttlMs: 100 })
    t.cut()
    await t.store.set('made', '1', { ttlMs: 100, when: 'absent' })
    assert.equal(await t.store.set('made', '2', { ttlMs: 100, when: 'present' }), 0)
    assert.deepEqual(
      await t.store.touchMany([
        { key: 'made', ttlMs: 5000 },
        { key: 'touched', ttlMs: 5000 },
      ]),
      [true, true],
    )
    assert.equal(await t.store.delete('deleted'), true)
    assert.equal(await t.store.delete('deleted'), false)
    assert.equal(await t.store.touch('deleted', 5000), false)
    assert.equal(await t.store.set('deleted', 'x', { when: 'present' }), undefined)
    assert.equal(await t.store.get('deleted'), undefined)
    await t.store.delete('again')
    assert.equal(await t.store.set('again', '9', { when: 'absent' }), 0)
    await t.mend()
    await t.clock.advance(4000)
    assert.equal((await t.inner.get('made'))?.value, '2')
    assert.equal((await t.inner.get('touched'))?.value, '0')
    assert.equal(await t.inner.get('deleted'), undefined)
    assert.equal((await t.inner.get('again'))?.value, '9')
  })

  it('writes over nothing that ended elsewhere, and nothing that is over its time', async () => {
    const t = setUp()
    await t.store.set('ended', '1', { ttlMs: 60_000 })
    t.cut()
    await t.store.set('ended', '2', { ttlMs: 60_000, when: 'present' })
    await t.store.set('short', 'x', { ttlMs: 1000, when: 'absent' })
    await t.inner.delete('ended')
    await t.clock.advance(1000)
    assert.equal(await t.store.get('short').catch(() => 'away'), 'away')
    await t.mend()
    assert.equal(await t.inner.get('ended'), undefined)
    assert.equal(await t.inner.get('short'), undefined)
  })

  it('bounds what waits', async () => {
    const t = setUp({ maxQueuedBytes: 1000 })
    t.cut()
    await t.store.set('a', 'x'.repeat(600))
    await assert.rejects(t.store.set('b', 'x'.repeat(600)), { code: 'STORAGE_REDIS_AWAY' })
    await t.store.set('a', 'y')
    await t.store.set('b', 'x'.repeat(600))
    await t.mend()
    assert.equal((await t.inner.get('a'))?.value, 'y')
  })

  it('keeps what waits when the store goes away again in the middle, and loses nothing', async () => {
    const t = setUp()
    t.cut()
    for (let n = 0; n < 500; n++) await t.store.set(`k${n}`, String(n), { when: 'absent' })
    t.failAfter(250)
    await t.mend()
    assert.equal(t.store.isUp, false)
    assert.equal(t.changes.length, 1)
    t.failAfter(Infinity)
    await t.mend()
    for (let n = 0; n < 500; n++) assert.equal((await t.inner.get(`k${n}`))?.value, String(n))
    assert.equal(t.changes.length, 2)
  })

  it('passes on errors that are not the absence of the store', async () => {
    const t = setUp()
    await t.inner.close()
    await assert.rejects(t.store.get('a'), { code: 'STORAGE_CLOSED' })
    assert.equal(t.store.isUp, true)
  })
})

function setUp(options: Partial<ResilientOptions> = {}) {
  const clock = standingClock()
  const inner = createMemoryKeyValue({ now: clock.now })
  const changes: StoreChange[] = []
  let left = Infinity
  const guard = (): void => {
    if (left <= 0) throw storageErrors.REDIS_AWAY({ store: 'r:1', reason: 'cut' })
    left -= 1
  }
  const breakable: KeyValue = {
    ...inner,
    get: async (...args) => (guard(), inner.get(...args)),
    set: async (...args) => (guard(), inner.set(...args)),
    delete: async (...args) => (guard(), inner.delete(...args)),
    touch: async (...args) => (guard(), inner.touch(...args)),
    touchMany: async (...args) => (guard(), inner.touchMany(...args)),
  }
  const store = createResilientKeyValue({
    store: breakable,
    name: 'r:1',
    whenUnavailable: 'degrade',
    now: clock.now,
    onChange: (change) => changes.push(change),
    probeIntervalMs: 60_000,
    ...options,
  })
  return {
    store,
    inner,
    clock,
    changes,
    cut: () => (left = 0),
    failAfter: (operations: number) => (left = operations),
    /** The store is back (unless `failAfter` said otherwise), and what waited was written. */
    async mend() {
      if (left === 0) left = Infinity
      store.connected(true)
      for (let n = 0; n < 50; n++) await turn()
    },
  }
}
