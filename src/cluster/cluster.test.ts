import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Cancellation } from '../base/cancellation.ts'
import { systemNow } from '../base/clock.ts'
import type { JsonObject } from '../base/json.ts'
import { mcpErrors } from '../mcp/errors.ts'
import { scanResponse } from '../mcp/raw-response.ts'
import { resultReply, type Reply } from '../mcp/reply.ts'
import { storageErrors } from '../storage/errors.ts'
import type { KeyValue } from '../storage/key-value.ts'
import { openStorage } from '../storage/open-storage.ts'
import type { Stores } from '../storage/stores.ts'
import { silentLogger } from '../telemetry/logger.ts'
import {
  awayWhen,
  PLACE,
  SECRET,
  startReplica,
  testRequest,
  type TestReplica,
} from './testing/test-cluster.ts'
import { placeKey } from './owner.ts'
import { createLinkClient } from './link/link-client.ts'
import { linkKey } from './link/link-keys.ts'
import { openLinkServer } from './link/link-server.ts'

const HTTP = { isProcess: false }

function resultOf(reply: Reply): JsonObject {
  assert.equal(reply.kind, 'result')
  return reply.kind === 'result' ? reply.result : {}
}

describe('gateways that share a store by mistake', () => {
  it('are told of on both sides', async () => {
    const stores = await openStorage({ provider: 'memory' }, { now: systemNow })
    const told: string[] = []
    const logOf = (self: string) => ({
      ...silentLogger,
      error: (fields: object, text: string) =>
        void told.push(`${self}: ${(fields as { gateway?: string }).gateway} ${text}`),
    })
    {
      await using one = await startReplica(stores.keyValue, { gateway: 'one', log: logOf('one') })
      await using more = await startReplica(stores.keyValue, { gateway: 'one', log: logOf('more') })
      assert.notEqual(one.cluster.self.id, more.cluster.self.id)
      await using _two = await startReplica(stores.keyValue, { gateway: 'two', log: logOf('two') })
      while (told.length < 4) await sleep(5)
    }
    assert.deepEqual(told.map((line) => line.split(' ').slice(0, 2).join(' ')).toSorted(), [
      'more: two',
      'one: two',
      'two: one',
      'two: one',
    ])
    assert.match(told[0]!, /keyPrefix of its own/)
    await stores.close()
  })
})

describe('connections of a cluster', () => {
  let stores: Stores
  let a: TestReplica
  let b: TestReplica
  before(async () => {
    stores = await openStorage({ provider: 'memory' }, { now: systemNow })
    a = await startReplica(stores.keyValue)
    b = await startReplica(stores.keyValue)
  })
  after(async () => {
    for (const each of [a, b]) await each?.[Symbol.asyncDispose]()
    await stores?.close()
  })

  it('go on with the session an HTTP backend keeps', async () => {
    const place = { ...PLACE, backend: 'http' }
    const one = await a.connect(place, HTTP)
    const two = await b.connect(place, HTTP)
    assert.equal(two.sessionId, one.sessionId)
  })

  it('are stored again when the store forgot them, for replicas that come later', async () => {
    const place = { ...PLACE, backend: 'http forgotten' }
    const { sessionId, version } = await a.connect(place, HTTP)
    assert.ok(sessionId !== undefined)
    const used = { ...place, session: { sessionId, version } }
    for await (const { key } of stores.keyValue.scan('')) {
      if (key.endsWith(placeKey(place))) await stores.keyValue.delete(key)
    }
    await a.cluster.connections.prolong([used], 60_000)
    assert.equal((await b.connect(place, HTTP)).sessionId, sessionId)
    const other = { ...place, session: { sessionId: 'another', version } }
    await b.cluster.connections.prolong([other], 60_000)
    await using c = await startReplica(stores.keyValue)
    assert.equal((await c.connect(place, HTTP)).sessionId, sessionId, 'nothing is replaced')
  })

  it('are one session where both open the first at once', async () => {
    const place = { ...PLACE, backend: 'http at once' }
    const [one, two] = await Promise.all([
      a.connect(place, { ...HTTP, delayMs: 30 }),
      b.connect(place, { ...HTTP, delayMs: 30 }),
    ])
    assert.equal(two.sessionId, one.sessionId)
    const ended = [...a.opened, ...b.opened].filter(
      ({ closed, sessionId }) => closed === true && sessionId !== one.sessionId,
    )
    assert.equal(ended.length, 1, 'who was slower ends its own')
  })

  it('begin one new session when the backend has lost the old one', async () => {
    const place = { ...PLACE, backend: 'http forgetful' }
    const old = await a.connect(place, HTTP)
    await b.connect(place, HTTP)
    const lost = { ...HTTP, lostSessionId: old.sessionId! }
    const [one, two] = await Promise.all([a.connect(place, lost), b.connect(place, lost)])
    assert.notEqual(one.sessionId, old.sessionId)
    assert.equal(two.sessionId, one.sessionId)
  })

  it('are ended where the store takes no record of them; the only replica goes on', async () => {
    const full = { is: false }
    const times = { beatMs: 60_000, entryMs: 120_000 }
    await using late = await startReplica(fullWhen(full, stores.keyValue), { times })
    const own = await openStorage({ provider: 'memory' }, { now: systemNow })
    await using only = await startReplica(fullWhen(full, own.keyValue), { times })
    const place = { ...PLACE, backend: 'http while full' }
    full.is = true
    for (let tries = 1; tries <= 3; tries++) {
      await assert.rejects(late.connect(place, HTTP), { code: 'CLUSTER_SESSION_UNKNOWN' })
      assert.deepEqual(
        late.opened.map(({ closed }) => closed),
        Array(tries).fill(true),
      )
    }
    const { sessionId } = await only.connect(place, HTTP)
    assert.equal(sessionId, only.opened[0]?.sessionId)
    assert.deepEqual(
      only.opened.map(({ closed }) => closed),
      [false],
    )
    full.is = false
    await own.close()
  })

  it('are refused for now where the store cannot be asked and others may have them; not to the only replica', async () => {
    const away = { is: false }
    const times = { beatMs: 60_000, entryMs: 120_000 }
    await using late = await startReplica(awayWhen(away, stores.keyValue), { times })
    const own = await openStorage({ provider: 'memory' }, { now: systemNow })
    await using only = await startReplica(awayWhen(away, own.keyValue), { times })
    const place = { ...PLACE, backend: 'http while away' }
    const one = await a.connect(place, HTTP)
    away.is = true
    await assert.rejects(late.connect(place, HTTP), {
      code: 'CLUSTER_SESSION_UNKNOWN',
      status: 503,
    })
    assert.equal(late.opened.length, 0)
    await only.connect(place, HTTP)
    away.is = false
    assert.equal((await late.connect(place, HTTP)).sessionId, one.sessionId)
  })

  it('reach a process where it lives', async () => {
    const place = { ...PLACE, backend: 'process' }
    const own = await a.connect(place)
    const remote = await b.connect(place)
    assert.equal(resultOf(await own.request(testRequest()))['count'], 1)
    const reply = resultOf(await remote.request(testRequest()))
    assert.equal(reply['count'], 2)
    assert.equal(remote.transport, 'stdio')
    assert.deepEqual(remote.server, own.server)
    await remote.close()
    assert.equal(a.opened.at(-1)?.closed, false)
  })

  it('carry raw answers, notifications, questions and failures across', async () => {
    const place = { ...PLACE, backend: 'talkative' }
    await a.connect(place)
    const inner = a.opened.at(-1)!
    const remote = await b.connect(place)
    const bytes = Buffer.from('{"jsonrpc":"2.0","id":1,"result":{"content":[],"n":1e400}}')
    inner.answer = async (request) => {
      request.onNotification?.('notifications/progress', { progress: 1 })
      const answer = await request.onQuestion?.({ method: 'roots/list', params: { a: 1 } })
      assert.deepEqual(answer, { roots: [] })
      const response = scanResponse(bytes)
      assert.ok(typeof response === 'object')
      return { kind: 'raw', response }
    }
    const heard: unknown[] = []
    const reply = await remote.request(
      testRequest({
        onNotification: (method, params) => heard.push([method, params]),
        async onQuestion(question) {
          heard.push(question)
          return { roots: [] }
        },
      }),
    )
    assert.ok(reply.kind === 'raw')
    assert.deepEqual(reply.response.bytes, bytes)
    assert.deepEqual(heard, [
      ['notifications/progress', { progress: 1 }],
      { method: 'roots/list', params: { a: 1 } },
    ])
    inner.answer = () =>
      Promise.reject(
        mcpErrors.BACKEND_TIMEOUT({ backend: 'x', reason: 'slow', ran: 'unknown', timeoutMs: 5 }),
      )
    await assert.rejects(remote.request(testRequest()), (error: Record<string, unknown>) => {
      assert.equal(error['code'], 'MCP_BACKEND_TIMEOUT')
      assert.deepEqual((error['details'] as JsonObject)['ran'], 'unknown')
      return true
    })
    inner.answer = (request) =>
      request.onQuestion!({ method: 'roots/list', params: {} }).then(resultReply)
    const refusal = mcpErrors.CLIENT_CANNOT_ANSWER({
      method: 'roots/list',
      reason: 'no',
      requiredCapabilities: {},
    })
    const refused = remote.request(testRequest({ onQuestion: () => Promise.reject(refusal) }))
    await assert.rejects(refused, { code: 'MCP_CLIENT_CANNOT_ANSWER' })
  })

  it('hand a cancellation on', async () => {
    const place = { ...PLACE, backend: 'cancelled' }
    await a.connect(place)
    const inner = a.opened.at(-1)!
    const remote = await b.connect(place)
    const { promise: cancelled, resolve } = Promise.withResolvers<void>()
    inner.answer = (request) => new Promise(() => request.cancellation.onCancel(() => resolve()))
    const cancellation = new Cancellation()
    const call = remote.request(testRequest({ cancellation }))
    setTimeout(() => cancellation.cancel('not wanted'), 50)
    await assert.rejects(call, { code: 'MCP_CALL_CANCELLED' })
    await cancelled
  })

  it('are refused to whoever has not the key', async () => {
    const stranger = createLinkClient({ selfId: 'rx', keys: [linkKey(Buffer.alloc(32))] })
    await assert.rejects(
      stranger.ask(a.cluster.self, '/link/connection-open', PLACE),
      ({ code, details }: { code: string; details: { denied?: boolean; sent?: boolean } }) => {
        assert.deepEqual([code, details.denied, details.sent], ['CLUSTER_LINK', true, false])
        return true
      },
    )
    stranger.close()
    const impostor = createLinkClient({ selfId: 'rx', keys: [linkKey(SECRET)] })
    const self = { ...a.cluster.self, id: b.cluster.self.id }
    assert.equal(await impostor.ask(self, '/link/ping', {}), undefined, 'meant for another')
    impostor.close()
  })

  it('are not asked of whoever took the address of a replica', async () => {
    const heard: string[] = []
    const impostor = await openLinkServer({
      selfId: 'rx',
      host: '127.0.0.1',
      port: 0,
      keys: [linkKey(Buffer.alloc(32, 9))],
      maxBodyBytes: 1_000,
      handlers: new Map([['/link/ping', ({ url }) => void heard.push(url)]]),
      log: silentLogger,
    })
    const url = `http://127.0.0.1:${impostor.port}`
    await assert.rejects(a.cluster.tell({ id: 'rx', url }, { kind: 'secret' }), {
      code: 'CLUSTER_LINK',
    })
    assert.equal(await a.cluster.ping({ id: 'rx', url }), 'silent', 'neither there nor dead')
    assert.deepEqual(heard, [])
    await impostor.close()
  })

  it('are kept encrypted where there is a key', async () => {
    await using c = await startReplica(stores.keyValue, { sealed: true })
    const place = { ...PLACE, backend: 'secret' }
    const made = await c.connect(place, HTTP)
    const entry = await stores.keyValue.get(`cluster:${placeKey(place)}`)
    assert.ok(entry)
    assert.equal(entry.value.includes(made.sessionId!), false)
    await using d = await startReplica(stores.keyValue, { sealed: true })
    assert.equal((await d.connect(place, HTTP)).sessionId, made.sessionId)
  })
})

describe('a process that ends by itself', () => {
  it('is kept no more: not in the store when its session has ended, and nobody claims it again', async () => {
    await using stores = await openClosable()
    await using a = await startReplica(stores.keyValue)
    const key = `cluster:${placeKey(PLACE)}`
    await a.connect(PLACE)
    a.opened[0]!.end()
    const isGone = async () => (await stores.keyValue.get(key))?.value.includes('"gone":true')
    while ((await isGone()) !== true) await sleep(5)
    const next = await a.connect(PLACE)
    assert.ok(resultOf(await next.request(testRequest()))['_meta'], 'something was lost')
    a.opened[1]!.end()
    await a.cluster.connections.forget(PLACE)
    await sleep(200)
    assert.equal(await stores.keyValue.get(key), undefined)
  })
})

describe('a replica that has just come', () => {
  it('is known to the others before their next beat, and hears what they tell all', async () => {
    await using stores = await openClosable()
    const times = { beatMs: 60_000, entryMs: 120_000 }
    await using a = await startReplica(stores.keyValue, { times })
    await using b = await startReplica(stores.keyValue, { times })
    await until('each other', () => a.cluster.directory.others.length === 1)
    const heard: string[] = []
    b.cluster.onMessage('news', (_, from) => void heard.push(from))
    await a.cluster.tellAll({ kind: 'news' })
    assert.deepEqual(heard, [a.cluster.self.id])
  })
})

describe('a replica that leaves', () => {
  it('knows of the calls that others wait for, until their answers are out', async () => {
    await using stores = await openClosable()
    await using a = await startReplica(stores.keyValue)
    await using b = await startReplica(stores.keyValue)
    await a.idle()
    await a.connect(PLACE)
    const remote = await b.connect(PLACE)
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
    const { promise: answered, resolve: answer } = Promise.withResolvers<Reply>()
    a.opened[0]!.answer = () => (begin(), answered)
    const call = remote.request(testRequest())
    await begun
    let isIdle = false
    const idle = a.idle().then(() => (isIdle = true))
    await sleep(50)
    assert.equal(isIdle, false)
    answer(resultReply({ done: true }))
    await idle
    assert.deepEqual(resultOf(await call), { done: true })
  })
})

describe('a replica that has handed over', () => {
  async function openPair() {
    const stores = await openClosable()
    const a = await startReplica(stores.keyValue)
    const b = await startReplica(stores.keyValue)
    await until('each other', () => a.cluster.directory.others.length === 1)
    return {
      a,
      b,
      async [Symbol.asyncDispose]() {
        for (const each of [b, a, stores]) await each[Symbol.asyncDispose]()
      },
    }
  }

  it('begins nothing: it uses what one that stays has begun, and state is lost once', async () => {
    await using t = await openPair()
    const { a, b } = t
    await (await a.connect(PLACE)).request(testRequest())
    await a.cluster.handOver()
    const late = await a.connect(PLACE)
    const told = resultOf(await late.request(testRequest()))
    assert.deepEqual([told['count'], told['_meta'] !== undefined], [1, true])
    const next = resultOf(await late.request(testRequest()))
    assert.deepEqual([next['count'], next['_meta']], [2, undefined])
    assert.deepEqual([a.opened.length, b.opened.length], [1, 1])
  })

  it('is served by one that used what it had, and has not noticed yet', async () => {
    await using t = await openPair()
    const { a, b } = t
    await (await a.connect(PLACE)).request(testRequest())
    const before = await b.connect(PLACE)
    await before.request(testRequest())
    await a.cluster.handOver()
    const told = resultOf(await (await a.connect(PLACE)).request(testRequest()))
    assert.deepEqual([told['count'], told['_meta'] !== undefined, b.opened.length], [1, true, 1])
    assert.equal(b.lost.length, 1)
    await assert.rejects(before.request(testRequest()), { code: 'MCP_BACKEND_SESSION_LOST' })
  })

  it('ends what was about to begin, which loses nothing', async () => {
    await using t = await openPair()
    const { a, b } = t
    const begun = a.connect(PLACE, { delayMs: 100 })
    await sleep(30)
    await a.cluster.handOver()
    const result = resultOf(await (await begun).request(testRequest()))
    assert.deepEqual([result['count'], result['_meta']], [1, undefined])
    assert.deepEqual([a.opened[0]?.closed, b.opened.length], [true, 1])
  })

  it('says "try again" where nobody stays', async () => {
    await using t = await openPair()
    await t.b.cluster.handOver()
    await t.a.cluster.handOver()
    await assert.rejects(t.a.connect(PLACE), { code: 'CLUSTER_LEAVING', status: 503 })
    assert.equal(t.a.opened.length, 0)
  })
})

describe('a replica with another key of the fleet', () => {
  const ONE = Buffer.from('one key of the fleet, long enough.')
  const TWO = Buffer.from('another key of it, also long enough')

  it('does not join those who live', async () => {
    await using stores = await openClosable()
    await using _ = await startReplica(stores.keyValue, { secrets: [ONE] })
    await assert.rejects(startReplica(stores.keyValue, { secrets: [TWO] }), {
      code: 'CLUSTER_OTHER_KEY',
      message: /"cluster:".*another key/,
    })
  })

  it('joins where one key is common, and is understood where that is the one it uses', async () => {
    await using stores = await openClosable()
    await using a = await startReplica(stores.keyValue, { secrets: [ONE, TWO] })
    await using b = await startReplica(stores.keyValue, { secrets: [TWO, ONE] })
    await a.connect(PLACE)
    const remote = await b.connect(PLACE)
    assert.equal(resultOf(await remote.request(testRequest()))['count'], 1)
    assert.equal(await a.cluster.ping(b.cluster.self), 'alive')
    await using c = await startReplica(stores.keyValue, { secrets: [TWO] })
    assert.equal(await c.cluster.ping(b.cluster.self), 'alive')
  })

  it('takes the place of those who are dead', async () => {
    await using stores = await openClosable()
    const dead = await startReplica(stores.keyValue, { secrets: [ONE] })
    await dead.kill()
    await using next = await startReplica(stores.keyValue, { secrets: [TWO] })
    assert.equal(next.cluster.directory.others.length, 1, 'its entry is still there')
  })
})

describe('a replica that alone has no way to the store', () => {
  const times = { beatMs: 30, entryMs: 300, pingMs: 100 }

  it('goes on with its process, and others use it', async () => {
    await using stores = await openClosable()
    const away = { is: false }
    await using a = await startReplica(awayWhen(away, stores.keyValue), { times })
    await using b = await startReplica(stores.keyValue, { times })
    await until('each other', () => a.cluster.directory.others.length === 1)
    const own = await a.connect(PLACE)
    await own.request(testRequest())
    away.is = true
    const entry = `cluster:replica:${a.cluster.self.id}`
    while ((await stores.keyValue.get(entry)) !== undefined) await sleep(20)
    await sleep(times.entryMs)
    const remote = await b.connect(PLACE)
    assert.equal(resultOf(await remote.request(testRequest()))['count'], 2)
    assert.equal(resultOf(await own.request(testRequest()))['count'], 3)
    away.is = false
    while ((await stores.keyValue.get(entry)) === undefined) await sleep(20)
    assert.equal(resultOf(await remote.request(testRequest()))['count'], 4)
    assert.deepEqual([a.lost, b.lost, b.opened], [[], [], []])
  })
})

describe('a cluster that loses a replica', () => {
  it('begins its processes anew, says so once, and tells in flight calls that nobody knows', async () => {
    await using stores = await openClosable()
    await using a = await startReplica(stores.keyValue)
    await using b = await startReplica(stores.keyValue)
    await a.connect(PLACE)
    const remote = await b.connect(PLACE)
    a.opened[0]!.answer = () => new Promise(() => {})
    const call = remote.request(testRequest())
    const failed = assert.rejects(call, (error: Record<string, unknown>) => {
      assert.equal(error['code'], 'MCP_BACKEND_GONE')
      assert.equal((error['details'] as JsonObject)['ran'], 'unknown')
      return true
    })
    await new Promise((resolve) => setTimeout(resolve, 100))
    await a.kill()
    await failed
    assert.equal(b.lost.length, 1)
    const own = await b.connect(PLACE)
    const warned: unknown[] = []
    const first = resultOf(
      await own.request(testRequest({ onNotification: (method) => warned.push(method) })),
    )
    assert.deepEqual(first['_meta'], { 'toolhive.stacklok.dev/stateLost': { backend: 'memory' } })
    assert.equal(first['count'], 1)
    assert.deepEqual(warned, ['notifications/message'])
    assert.equal(resultOf(await own.request(testRequest()))['_meta'], undefined)
  })

  it('fences a replica that comes back after a pause', async () => {
    await using stores = await openClosable()
    let pausedMs = 0
    await using a = await startReplica(stores.keyValue, {
      elapsed: () => performance.now() + pausedMs,
      times: { beatMs: 1_000_000 },
    })
    await using b = await startReplica(stores.keyValue)
    const own = await a.connect(PLACE)
    const kept = await a.connect({ ...PLACE, backend: 'not taken' })
    await own.request(testRequest())
    // Its entry expired while it stood still, and another took what it had.
    await stores.keyValue.delete(`cluster:replica:${a.cluster.self.id}`)
    const key = `cluster:${placeKey(PLACE)}`
    const entry = await stores.keyValue.get(key)
    const taken = JSON.stringify({ kind: 'process', replica: b.cluster.self.id, gone: false })
    await stores.keyValue.set(key, taken, { when: { version: entry!.version } })
    pausedMs = 60_000
    await assert.rejects(own.request(testRequest()), { code: 'MCP_BACKEND_SESSION_LOST' })
    assert.equal(a.opened[0]?.count, 1, 'nothing reached the process')
    assert.equal(a.opened[0]?.closed, true)
    assert.equal(a.lost.length, 1)
    assert.equal(resultOf(await kept.request(testRequest()))['count'], 1)
    const remote = await a.connect(PLACE)
    assert.equal(resultOf(await remote.request(testRequest()))['count'], 1)
    assert.equal(b.opened.length, 1)
  })

  it('hands over what is new, while what runs may end', async () => {
    await using stores = await openClosable()
    await using a = await startReplica(stores.keyValue)
    await using b = await startReplica(stores.keyValue)
    await until('each other', () => a.cluster.directory.others.length === 1)
    await a.connect(PLACE)
    const remote = await b.connect(PLACE)
    const { promise: answered, resolve } = Promise.withResolvers<Reply>()
    a.opened[0]!.answer = () => answered
    a.opened[0]!.inFlight = 1
    const running = remote.request(testRequest())
    await new Promise((done) => setTimeout(done, 100))
    await a.cluster.handOver()
    await assert.rejects(remote.request(testRequest()), { code: 'MCP_BACKEND_SESSION_LOST' })
    const own = await b.connect(PLACE)
    assert.equal(resultOf(await own.request(testRequest()))['count'], 1)
    assert.equal(a.opened[0]!.closed, false)
    resolve(resultReply({ late: true }))
    assert.equal(resultOf(await running)['late'], true)
    a.opened[0]!.inFlight = 0
    await until('the end of the old one', () => a.opened[0]!.closed === true)
  })

  it('leaves word when it stops in order', async () => {
    await using stores = await openClosable()
    await using a = await startReplica(stores.keyValue)
    await using b = await startReplica(stores.keyValue)
    const own = await a.connect(PLACE)
    await own.close({ keepSession: true })
    const next = await b.connect(PLACE)
    const reply = resultOf(await next.request(testRequest()))
    assert.ok(reply['_meta'], 'something was lost')
    await next.close()
    const fresh = await a.connect(PLACE)
    assert.equal(resultOf(await fresh.request(testRequest()))['_meta'], undefined)
  })
})

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (holds()) return
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error(`Waited in vain for ${what}`)
}

async function openClosable() {
  const stores = await openStorage({ provider: 'memory' }, { now: systemNow })
  return { ...stores, [Symbol.asyncDispose]: () => stores.close() }
}

/** The store, as a Redis that has no room. */
function fullWhen(full: { readonly is: boolean }, store: KeyValue): KeyValue {
  return new Proxy(store, {
    get: (target, name: keyof KeyValue) =>
      full.is && name === 'set'
        ? () => Promise.reject(storageErrors.REDIS_FULL({ store: 'test', reason: 'OOM' }))
        : target[name].bind(target),
  })
}
