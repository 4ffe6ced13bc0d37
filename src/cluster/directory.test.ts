import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { KeyValue } from '../storage/key-value.ts'
import { openStorage } from '../storage/open-storage.ts'
import { silentLogger } from '../telemetry/logger.ts'
import { createDirectory, type Directory } from './directory.ts'
import type { Sign } from './replica.ts'

const TTL_MS = 1_000

/** Replicas with a clock in the test's hand: no timer of theirs ever fires, unless `beatMs` says so. */
async function setUp({ beatMs = 1_000_000 } = {}) {
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
  const lapsed: string[] = []
  const noticed: string[] = []
  const made: Directory[] = []

  async function join(id: string): Promise<Directory> {
    signs.set(id, 'alive')
    const directory = createDirectory({
      self: { id, url: `http://${id}` },
      store,
      keyPrefix: 'c:',
      ping: async (replica) => signs.get(replica.id) ?? 'refused',
      beatMs,
      ttlMs: TTL_MS,
      onLapse: async () => void lapsed.push(id),
      onBeat: () => {},
      onGone: () => void noticed.push(id),
      elapsed: now,
      now,
      log: silentLogger,
    })
    await directory.start()
    made.push(directory)
    return directory
  }

  return {
    join,
    signs,
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
    const a = await t.join('a')
    await t.join('b')
    assert.equal(await a.isAlive('b'), true)
    t.signs.set('b', 'silent')
    assert.equal(await a.isAlive('b'), true, 'it may only be slow')
    t.signs.set('b', 'refused')
    assert.equal(await a.isAlive('b'), false)
    t.signs.set('b', 'silent')
    t.advance(TTL_MS + 1)
    assert.equal(await a.isAlive('b'), false)
    assert.equal(await a.isAlive('nobody'), false)
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

  it('goes on while the store is away', async () => {
    await using t = await setUp({ beatMs: 1 })
    const a = await t.join('a')
    t.away(true)
    for (let times = 0; times < 10; times++) {
      t.advance(TTL_MS * 0.5)
      const asked = t.asked()
      await until('a beat', () => (t.asked() > asked + 1 ? true : undefined))
    }
    assert.equal(a.ready(), undefined)
    assert.deepEqual(t.lapsed, [])
    t.away(false)
    await until('the lapse', () => (t.lapsed.length > 0 ? true : undefined))
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
    t.advance(TTL_MS * 0.8)
    await a.ready()
    assert.deepEqual(t.lapsed, ['a'])
    assert.deepEqual(await b.find('a'), { id: 'a', url: 'http://a' })
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
