import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { KeyValue } from '../storage/key-value.ts'
import { openStorage } from '../storage/open-storage.ts'
import { silentLogger } from '../telemetry/logger.ts'
import { createDirectory, type Directory } from './directory.ts'
import type { Sign } from './replica.ts'

const TTL_MS = 1_000

/** Replicas with a clock in the test's hand: only the timer of those that beat ever fires. */
async function setUp() {
  let nowMs = 1_000_000
  const now = () => nowMs
  const { keyValue } = await openStorage({ provider: 'memory' }, { now })
  let fails = false
  let asked = 0
  const store = new Proxy(keyValue, {
    get: (target, name: keyof KeyValue) =>
      fails
        ? () => {
            asked++
            return Promise.reject(new Error('away'))
          }
        : target[name].bind(target),
  })
  const signs = new Map<string, Sign>()
  const doubting = new Set<string>()
  const beats = new Map<string, number>()
  const lapsed: string[] = []
  const noticed: string[] = []
  const made: Directory[] = []

  /** `cut`: it alone has no way to the store. */
  async function join(
    id: string,
    { beatMs = 1_000_000, cut = { is: false } } = {},
  ): Promise<Directory> {
    signs.set(id, 'alive')
    const own = new Proxy(store, {
      get: (target, name: keyof KeyValue) =>
        cut.is ? () => (count(id), Promise.reject(new Error('cut off'))) : target[name],
    })
    const directory = createDirectory({
      self: { id, url: `http://${id}` },
      store: own,
      keyPrefix: 'c:',
      ping: async (replica) => signs.get(replica.id) ?? 'refused',
      vouches: async (replica) => signs.get(replica.id) !== 'silent' && !doubting.has(replica.id),
      beatMs,
      ttlMs: TTL_MS,
      onLapse: async () => void lapsed.push(id),
      onBeat: () => count(id),
      onGone: () => void noticed.push(id),
      elapsed: now,
      now,
      log: silentLogger,
    })
    await directory.start()
    made.push(directory)
    return directory
  }

  function count(id: string): void {
    beats.set(id, (beats.get(id) ?? 0) + 1)
  }

  /** Time goes by while this replica beats, whether it reaches the store or not. */
  async function live(id: string, ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += TTL_MS / 4) {
      nowMs += TTL_MS / 4
      const before = beats.get(id) ?? 0
      await until('a beat', () => ((beats.get(id) ?? 0) > before + 1 ? true : undefined))
    }
  }

  return {
    join,
    live,
    signs,
    /** Who says that it has taken another for dead. */
    doubting,
    lapsed,
    noticed,
    advance: (ms: number) => (nowMs += ms),
    away: (is: boolean) => (fails = is),
    /** How often the store was asked while it was away. */
    asked: () => asked,
    async [Symbol.asyncDispose]() {
      fails = false
      for (const directory of made) await directory.close()
      await keyValue.close()
    },
  }
}

describe('createDirectory()', () => {
  it('finds the others', async () => {
    await using t = await setUp()
    const a = await t.join('a')
    const b = await t.join('b')
    assert.deepEqual(b.others, [{ id: 'a', url: 'http://a' }])
    assert.deepEqual(await a.find('b'), { id: 'b', url: 'http://b' })
    assert.equal(await a.find('c'), undefined)
  })

  it('takes a replica for dead when its link is refused, or when it is silent and its entry is gone', async () => {
    await using t = await setUp()
    const a = await t.join('a', { beatMs: 1 })
    await t.join('b')
    assert.equal(await a.isAlive('b'), true)
    t.signs.set('b', 'silent')
    assert.equal(await a.isAlive('b'), true, 'it may only be slow')
    t.signs.set('b', 'refused')
    assert.equal(await a.isAlive('b'), false)
    t.signs.set('b', 'silent')
    await t.live('a', TTL_MS * 1.5)
    assert.equal(await a.isAlive('b'), false)
    assert.equal(await a.isAlive('nobody'), false)
  })

  it('takes nobody for dead who answers, though its entry is gone', async () => {
    await using t = await setUp()
    const a = await t.join('a', { beatMs: 1 })
    await t.join('b')
    await t.live('a', TTL_MS * 1.5)
    assert.deepEqual(a.others, [{ id: 'b', url: 'http://b' }], 'it is told what all are told')
    assert.equal(await a.signOf('b'), 'alive')
    t.signs.set('b', 'silent')
    await until('what is known', () => (a.others.length === 0 ? true : undefined))
    assert.equal(await a.signOf('b'), 'dead')
    t.signs.set('b', 'alive')
    assert.equal(await a.signOf('b', 'http://b'), 'alive', 'where a record says that it is')
  })

  it('takes nobody for dead who is silent, before it has reached the store as long as an entry lives', async () => {
    await using t = await setUp()
    const cut = { is: false }
    const a = await t.join('a', { beatMs: 1, cut })
    await t.join('b')
    await t.live('a', TTL_MS * 0.5)
    cut.is = true
    await t.live('a', TTL_MS * 1.5)
    cut.is = false
    t.signs.set('b', 'silent')
    await t.live('a', TTL_MS * 0.5)
    assert.equal(await a.signOf('b'), 'silent', 'it may not have written its entry again')
    await t.live('a', TTL_MS)
    assert.equal(await a.signOf('b'), 'dead')
  })

  it('takes nobody for dead while the store is away', async () => {
    await using t = await setUp()
    const a = await t.join('a')
    await t.join('b')
    await a.ready()
    t.signs.set('b', 'silent')
    t.away(true)
    assert.equal(await a.isAlive('b'), true)
  })

  it('lets nothing go on after a pause before it knows what it still has', async () => {
    await using t = await setUp()
    const a = await t.join('a')
    assert.equal(a.ready(), undefined)
    t.advance(TTL_MS * 0.8)
    const soon = a.ready()
    assert.ok(soon instanceof Promise)
    await soon
    assert.deepEqual(t.lapsed, [], 'its entry was still there')
    assert.equal(a.ready(), undefined)
    t.advance(TTL_MS * 5)
    await a.ready()
    assert.deepEqual(t.lapsed, ['a'])
    assert.ok(a.trustedSinceMs > 0)
    assert.equal(a.ready(), undefined)
  })

  it('goes on while the store is away, as long as all others hear from it', async () => {
    await using t = await setUp()
    const cut = { is: false }
    const a = await t.join('a', { beatMs: 1, cut })
    await t.join('b')
    await t.live('a', TTL_MS * 0.5)
    cut.is = true
    await t.live('a', TTL_MS * 5)
    assert.equal(a.ready(), undefined)
    assert.deepEqual(t.lapsed, [])
    cut.is = false
    await until('the lapse', () => (t.lapsed.length > 0 ? true : undefined))
  })

  it('lets nothing go on when one is silent or has taken it for dead, until the store tells', async () => {
    for (const how of ['silent', 'doubting']) {
      await using t = await setUp()
      const cut = { is: false }
      const a = await t.join('a', { beatMs: 1, cut })
      await t.join('b')
      await t.live('a', TTL_MS * 0.5)
      cut.is = true
      if (how === 'silent') t.signs.set('b', 'silent')
      else t.doubting.add('b')
      await t.live('a', TTL_MS * 0.5)
      assert.equal(a.ready(), undefined, 'its entry is still there')
      await t.live('a', TTL_MS)
      await assert.rejects(async () => a.ready(), { code: 'CLUSTER_IN_DOUBT' })
      t.signs.set('b', 'alive')
      t.doubting.clear()
      await t.live('a', TTL_MS)
      await assert.rejects(async () => a.ready(), { code: 'CLUSTER_IN_DOUBT' }, 'it was silent')
      cut.is = false
      await a.ready()
      assert.deepEqual(t.lapsed, ['a'])
      assert.equal(a.ready(), undefined)
    }
  })

  it('has what it owns claimed again after each gap, whether its entry was still there or not', async () => {
    await using t = await setUp()
    const cut = { is: false }
    const a = await t.join('a', { beatMs: 1, cut })
    await t.live('a', TTL_MS * 0.5)
    cut.is = true
    await t.live('a', TTL_MS * 0.25)
    cut.is = false
    await t.live('a', TTL_MS * 0.25)
    assert.deepEqual(t.lapsed, ['a'])
    assert.equal(a.trustedSinceMs, 0)
  })

  it('does nothing after a pause as long as the store cannot tell what it still has', async () => {
    await using t = await setUp()
    const a = await t.join('a')
    t.away(true)
    t.advance(TTL_MS * 5)
    for (let times = 0; times < 2; times++) {
      await assert.rejects(async () => a.ready(), { code: 'CLUSTER_IN_DOUBT', status: 503 })
    }
    t.away(false)
    await a.ready()
    assert.deepEqual(t.lapsed, ['a'])
    assert.equal(a.ready(), undefined)
  })

  it('notices that another took it for dead', async () => {
    await using t = await setUp()
    const a = await t.join('a')
    const b = await t.join('b')
    await b.bury('a')
    assert.deepEqual(b.others, [])
    assert.deepEqual(t.noticed, ['b'])
    assert.equal(b.hasBuried('a'), true)
    t.advance(TTL_MS * 0.8)
    await a.ready()
    assert.deepEqual(t.lapsed, ['a'])
    assert.deepEqual(await b.find('a'), { id: 'a', url: 'http://a' })
    assert.equal(b.hasBuried('a'), false)
  })

  it('is gone for the others when it leaves', async () => {
    await using t = await setUp()
    const a = await t.join('a')
    const b = await t.join('b')
    await b.close()
    assert.equal(await a.find('c'), undefined)
    await a.meet()
    assert.deepEqual(t.noticed, [], 'it did not know of it')
    const c = await t.join('c')
    await a.meet()
    await c.close()
    t.advance(TTL_MS * 0.8)
    await a.ready()
    assert.deepEqual(a.others, [])
    assert.deepEqual(t.noticed, ['a'])
  })
})

async function until(what: string, holds: () => true | undefined): Promise<void> {
  for (let times = 0; holds() === undefined; times++) {
    if (times > 5_000) throw new Error(`waited in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}
