import assert from 'node:assert/strict'
import { createServer, type AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAppError } from '../base/errors.ts'
import { systemNow } from '../base/clock.ts'
import type { BackendConnection } from '../mcp/backend-connection.ts'
import { storageErrors } from '../storage/errors.ts'
import type { KeyValue } from '../storage/key-value.ts'
import { openStorage } from '../storage/open-storage.ts'
import { placeKey } from './owner.ts'
import {
  awayWhen,
  PLACE,
  startReplica,
  testRequest,
  type ConnectOptions,
  type TestReplica,
} from './testing/test-cluster.ts'

const KEY = `cluster:${placeKey(PLACE)}`

/** Two replicas that know each other, and whose ways to the store are cut at will. */
async function openPair() {
  const stores = await openStorage({ provider: 'memory' }, { now: systemNow })
  const [away, awayB] = [{ is: false }, { is: false }]
  const a = await startReplica(awayWhen(away, stores.keyValue))
  const b = await startReplica(awayWhen(awayB, stores.keyValue))
  await until('each other', () => a.cluster.directory.others.length === 1)
  return {
    stores,
    a,
    b,
    cut(which: 'both' | 'b', is = true) {
      away.is = is && which === 'both'
      awayB.is = is
    },
    isRecorded: async () => (await stores.keyValue.get(KEY)) !== undefined,
    async [Symbol.asyncDispose]() {
      await b[Symbol.asyncDispose]()
      await a[Symbol.asyncDispose]()
      await stores.close()
    },
  }
}

async function count(connection: BackendConnection): Promise<unknown[]> {
  const reply = await connection.request(testRequest())
  assert.ok(reply.kind === 'result')
  return [reply.result['count'], reply.result['_meta'] !== undefined]
}

/** Tries again as a client would: connections that broke with a replica say less than one that is refused. */
async function connectAtLast(replica: TestReplica, how: ConnectOptions = {}) {
  for (let tries = 0; ; tries++) {
    try {
      return await replica.connect(PLACE, how)
    } catch (error) {
      if (tries > 20 || !isAppError(error, 'CLUSTER_SESSION_UNKNOWN')) throw error
    }
  }
}

describe('a process of a client while the store is away', () => {
  it('is used where it is', async () => {
    await using t = await openPair()
    await count(await t.a.connect(PLACE))
    t.cut('both')
    assert.deepEqual(await count(await t.b.connect(PLACE)), [2, false])
    assert.equal(t.b.opened.length, 0)
  })

  it('is begun where all others have none, and the store hears of it when it is back', async () => {
    await using t = await openPair()
    t.cut('both')
    const own = await t.b.connect(PLACE)
    assert.deepEqual(await count(own), [1, false])
    assert.deepEqual(await count(await t.a.connect(PLACE)), [2, false])
    t.cut('both', false)
    await until('the record', t.isRecorded)
    assert.deepEqual(await count(own), [3, false])
    await own.close()
    assert.equal(await t.isRecorded(), false)
    assert.deepEqual([t.a.opened.length, t.b.opened.length], [0, 1])
  })

  it('is begun once, where several would at the same time', async () => {
    await using t = await openPair()
    t.cut('both')
    const how = { delayMs: 30 }
    const both = await Promise.all([t.a.connect(PLACE, how), t.b.connect(PLACE, how)])
    for (const [at, each] of both.entries()) assert.deepEqual(await count(each), [at + 1, false])
    assert.equal(t.a.opened.length + t.b.opened.length, 1)
  })

  it('is not begun where another replica cannot be asked', async () => {
    await using t = await openPair()
    await using mute = await openMute()
    await t.stores.keyValue.set('cluster:replica:rmute', mute.url)
    const list = JSON.stringify({ rmute: mute.url })
    await t.stores.keyValue.set('cluster:replicas', list)
    await until('all', () => t.b.cluster.directory.others.length === 2)
    t.cut('both')
    await assert.rejects(t.b.connect(PLACE), { code: 'CLUSTER_SESSION_UNKNOWN', status: 503 })
    assert.equal(t.b.opened.length, 0)
  })

  it('tells what was lost where the replica that had it has died', async () => {
    await using t = await openPair()
    await count(await t.a.connect(PLACE))
    t.cut('both')
    await t.a.kill()
    assert.deepEqual(await count(await connectAtLast(t.b, { isAgain: true })), [1, true])
    assert.deepEqual(t.b.opened.length, 1)
  })

  it('tells it as soon as the store does, where it did not know', async () => {
    await using t = await openPair()
    await count(await t.a.connect(PLACE))
    t.cut('both')
    await t.a.kill()
    const own = await connectAtLast(t.b)
    assert.deepEqual(await count(own), [1, false])
    t.cut('both', false)
    const before = (await t.stores.keyValue.get(KEY))!.version
    await until('the claim', async () => (await t.stores.keyValue.get(KEY))!.version > before)
    assert.deepEqual(await count(own), [2, true])
    assert.deepEqual(await count(own), [3, false])
  })

  it('stays where it is when the store took a claim and could not say so', async () => {
    const stores = await openStorage({ provider: 'memory' }, { now: systemNow })
    const [away, mute] = [{ is: false }, { is: false }]
    const store = new Proxy(stores.keyValue, {
      get: (target, name: keyof KeyValue) =>
        mute.is && name === 'set'
          ? async (...args: Parameters<KeyValue['set']>) => {
              mute.is = false
              await target.set(...args)
              throw storageErrors.REDIS_AWAY({ store: 'test', reason: 'no answer in time' })
            }
          : target[name].bind(target),
    })
    await using a = await startReplica(awayWhen(away, store))
    const own = await a.connect(PLACE)
    const { version } = (await stores.keyValue.get(KEY))!
    mute.is = true
    await stores.keyValue.delete(`cluster:replica:${a.cluster.self.id}`)
    away.is = true
    await sleep(120)
    await stores.keyValue.set(`cluster:replica:${a.cluster.self.id}`, a.cluster.self.url)
    away.is = false
    await until('the claim', async () => (await stores.keyValue.get(KEY))!.version > version)
    await sleep(300)
    assert.deepEqual(await count(own), [1, false])
    assert.deepEqual(a.lost, [])
    await own.close()
    assert.equal(await stores.keyValue.get(KEY), undefined)
    await a.cluster.close()
    await stores.close()
  })

  it('ends where another was recorded meanwhile, and whoever has to go on there knows that nobody told', async () => {
    await using t = await openPair()
    t.cut('b')
    const own = await t.b.connect(PLACE)
    await count(own)
    await count(await t.a.connect(PLACE))
    t.cut('b', false)
    await until('the loss', () => t.b.lost.length > 0)
    assert.deepEqual(t.b.lost, ['another replica has taken it over, untold'])
    assert.equal(t.b.opened[0]?.closed, true)
    await assert.rejects(own.request(testRequest()), { code: 'MCP_BACKEND_SESSION_LOST' })
    assert.deepEqual(await count(await t.b.connect(PLACE)), [2, false])
  })
})

/** Takes connections and says nothing. */
async function openMute() {
  const server = createServer(() => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.close()
    },
  }
}

async function until(what: string, holds: () => unknown): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if ((await holds()) === true) return
    await sleep(10)
  }
  throw new Error(`Waited in vain for ${what}`)
}
