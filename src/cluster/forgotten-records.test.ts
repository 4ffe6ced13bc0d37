import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { NO_REDIS, startRedis, type RedisServer } from '../../test/fixtures/redis/redis-server.ts'
import { systemNow } from '../base/clock.ts'
import { openStorage } from '../storage/open-storage.ts'
import type { Stores } from '../storage/stores.ts'
import { placeKey } from './owner.ts'
import { PLACE, startReplica, testRequest } from './testing/test-cluster.ts'

const KEY = `cluster:${placeKey(PLACE)}`

/** Two replicas, the first of which has the process of a place and was called once. */
async function openPair(open: () => Promise<Stores>) {
  const stores = await open()
  const a = await startReplica(stores.keyValue)
  const b = await startReplica(stores.keyValue)
  const own = await a.connect(PLACE)
  await own.request(testRequest())
  return {
    stores,
    a,
    b,
    own,
    async [Symbol.asyncDispose]() {
      await b[Symbol.asyncDispose]()
      await a[Symbol.asyncDispose]()
      await stores.close()
    },
  }
}

/** A store that failed over may have lost what was written last: here the record of who has a process. */
function testForgetting(name: string, open: () => Promise<Stores>): void {
  it(`claims it again, and others reach it (${name})`, async () => {
    await using t = await openPair(open)
    const { stores, b, own } = t
    assert.equal(await stores.keyValue.delete(KEY), true)
    await until('the record', async () => (await stores.keyValue.get(KEY)) !== undefined)
    const reply = await (await b.connect(PLACE)).request(testRequest())
    assert.equal(reply.kind === 'result' && reply.result['count'], 2, 'the same process')
    assert.equal(b.opened.length, 0)
    await own.close()
    assert.equal(await stores.keyValue.get(KEY), undefined, 'it goes with the process')
  })

  it(`ends its own where another was quicker, which says what was lost (${name})`, async () => {
    await using t = await openPair(open)
    const { stores, a, b, own } = t
    const taken = JSON.stringify({ kind: 'process', replica: b.cluster.self.id, gone: true })
    await stores.keyValue.delete(KEY)
    // It may have been claimed again already.
    await stores.keyValue.set(KEY, taken)
    await until('the end of the process', () => a.opened[0]?.closed === true)
    assert.deepEqual(a.lost, ['another replica has taken it over'])
    await assert.rejects(own.request(testRequest()), { code: 'MCP_BACKEND_SESSION_LOST' })
    const reply = await (await a.connect(PLACE)).request(testRequest())
    assert.ok(reply.kind === 'result' && reply.result['_meta'] !== undefined, 'the client is told')
  })
}

describe('a replica that finds a process that another began without knowing of its own', () => {
  it('tells the loss itself', async () => {
    const open = () => openStorage({ provider: 'memory' }, { now: systemNow })
    await using t = await openPair(open)
    const taken = { kind: 'process', replica: t.b.cluster.self.id, gone: false, anew: false }
    await t.stores.keyValue.set(KEY, JSON.stringify(taken))
    await until('the end of the process', () => t.a.opened[0]?.closed === true)
    assert.deepEqual(t.a.lost, ['another replica has taken it over, untold'])
  })
})

/** The same for a session that an HTTP backend keeps. */
function testForgettingSession(name: string, open: () => Promise<Stores>): void {
  const how = { isProcess: false }

  async function openUser() {
    const stores = await open()
    const a = await startReplica(stores.keyValue)
    const own = await a.connect(PLACE, how)
    return {
      stores,
      a,
      own,
      async [Symbol.asyncDispose]() {
        await a[Symbol.asyncDispose]()
        await stores.close()
      },
    }
  }

  it(`writes again which session of a backend it uses, until that is closed (${name})`, async () => {
    await using t = await openUser()
    const { stores, own } = t
    assert.equal(await stores.keyValue.delete(KEY), true)
    await until('the record', async () => (await stores.keyValue.get(KEY)) !== undefined)
    await using b = await startReplica(stores.keyValue)
    assert.equal((await b.connect(PLACE, how)).sessionId, own.sessionId)
    await (await b.connect(PLACE, how)).close({ keepSession: true })
    await own.close()
    await stores.keyValue.delete(KEY)
    await new Promise((resolve) => setTimeout(resolve, 200))
    assert.equal(await stores.keyValue.get(KEY), undefined)
  })

  it(`writes nothing of one that has ended by itself, or whose owner has ended (${name})`, async () => {
    for (const end of ['connection', 'owner']) {
      await using t = await openUser()
      const { stores, a } = t
      if (end === 'connection') a.opened[0]!.end()
      else await a.cluster.connections.forget(PLACE)
      await stores.keyValue.delete(KEY)
      await new Promise((resolve) => setTimeout(resolve, 200))
      assert.equal(await stores.keyValue.get(KEY), undefined, end)
    }
  })

  for (const anew of [false, true]) {
    it(`ends its session where another was begun, told already: ${anew} (${name})`, async () => {
      await using t = await openUser()
      const { stores, a, own } = t
      const taken = { kind: 'session', sessionId: 'another', version: own.version, anew }
      // It may have been written again already.
      await stores.keyValue.set(KEY, JSON.stringify(taken))
      await until('the end of the session', () => a.opened[0]?.closed === true)
      const reason = 'another replica has begun another session'
      assert.deepEqual(a.lost, [anew ? reason : `${reason}, untold`])
      assert.equal((await a.connect(PLACE, how)).sessionId, 'another')
    })
  }
}

describe('a replica whose store forgot what it has', () => {
  testForgettingSession('memory', () => openStorage({ provider: 'memory' }, { now: systemNow }))
  testForgetting('memory', () => openStorage({ provider: 'memory' }, { now: systemNow }))

  describe('with Redis', { skip: NO_REDIS }, () => {
    let redis: RedisServer
    before(async () => {
      redis = await startRedis()
    })
    after(() => redis?.[Symbol.asyncDispose]())
    let count = 0
    const open = (): Promise<Stores> => {
      const settings = {
        topology: { kind: 'standalone', address: redis },
        db: 0,
        timeouts: { dialMs: 5_000, readMs: 10_000, writeMs: 10_000 },
      } as const
      const keyPrefix = `test${++count}:`
      return openStorage({ provider: 'redis', redis: settings, keyPrefix }, { now: systemNow })
    }
    testForgetting('Redis', open)
    testForgettingSession('Redis', open)
  })
})

async function until(what: string, holds: () => unknown): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if ((await holds()) === true) return
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error(`Waited in vain for ${what}`)
}
