import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ANONYMOUS, type Principal } from '../mcp/caller.ts'
import type { ClientSession } from '../mcp/client-session.ts'
import type { KeyValue } from '../storage/key-value.ts'
import { openStorage } from '../storage/open-storage.ts'
import { silentLogger } from '../telemetry/logger.ts'
import { createSessions, type SessionTable } from './sessions.ts'

const REQUEST = {
  version: '2025-11-25',
  capabilities: {},
  principal: ANONYMOUS,
} as const
const ALICE: Principal = { kind: 'oidc', binding: 'iss\0alice' }

/** Replicas that hear of each other at once, except while `deaf`. */
async function setUp() {
  let nowMs = 1_000_000
  const now = () => nowMs
  const { keyValue } = await openStorage({ provider: 'memory' }, { now })
  const tables = new Map<string, SessionTable>()
  const heard: string[] = []
  let isDeaf = false
  let isAway = false
  let reads = 0
  let trustedSinceMs = 0
  let ids = 0
  const store = new Proxy(keyValue, {
    get(target, name: keyof KeyValue) {
      if (isAway) return () => Promise.reject(new Error('away'))
      if (name === 'get') reads++
      return target[name].bind(target)
    },
  })

  function join(self: string, maxSessions = 10): SessionTable {
    const others = () => (isDeaf ? [] : [...tables].filter(([name]) => name !== self))
    const table = createSessions({
      store,
      keyPrefix: 'session:',
      limits: () => ({ ttlMs: 60_000, maxSessions }),
      newId: () => `${self}-${++ids}`,
      now,
      peers: {
        self,
        trustedSinceMs: () => trustedSinceMs,
        changed: (id) => others().forEach(([, other]) => other.staleElsewhere(id)),
        serve: async () => false,
        async ended(id) {
          // Not at once: it goes over a network.
          await new Promise((resolve) => setTimeout(resolve, 20))
          others().forEach(([, other]) => other.endedElsewhere(id))
        },
      },
      onEnd: (session, _reason, end) => heard.push(`${self} ${session.id} ${end}`),
      onLogLevel: (session, level) => heard.push(`${self} ${session.id} ${level}`),
      onStreamTaken: (session) => heard.push(`${self} ${session.id} stream taken`),
      onSubscriptions: (session, uris) => heard.push(`${self} ${session.id} ${uris.join()}`),
      log: silentLogger,
    })
    tables.set(self, table)
    return table
  }

  return {
    a: join('a'),
    b: join('b'),
    small: () => join('small', 1),
    heard,
    store,
    reads: () => reads,
    advance: (ms: number) => (nowMs += ms),
    deaf: (is: boolean) => (isDeaf = is),
    away: (is: boolean) => (isAway = is),
    distrust: () => (trustedSinceMs = nowMs),
    async [Symbol.asyncDispose]() {
      for (const table of tables.values()) table.close()
      await keyValue.close()
    },
  }
}

async function used(
  table: SessionTable,
  id: string,
  principal = ANONYMOUS,
): Promise<ClientSession> {
  const found = await table.find(id, principal)
  assert.ok(typeof found === 'object')
  return found
}

describe('sessions that replicas share', () => {
  it('are served by each of them, for their own principal only', async () => {
    await using t = await setUp()
    const { id } = await t.a.create({ ...REQUEST, principal: ALICE })
    assert.equal((await used(t.b, id, ALICE)).client.version, '2025-11-25')
    const entry = await t.store.get(`session:${id}`)
    assert.doesNotMatch(entry?.value ?? '', /alice/)
  })

  it('wait for no store while nothing changes', async () => {
    await using t = await setUp()
    const { id } = await t.a.create(REQUEST)
    for (let call = 0; call < 100; call++) {
      assert.equal(t.a.find(id, ANONYMOUS) instanceof Promise, false)
      t.advance(100)
    }
    assert.ok(t.reads() <= 3, `${t.reads()} reads in 10 s`)
  })

  it('are read again after another replica changed them', async () => {
    await using t = await setUp()
    const session = await t.a.create(REQUEST)
    const there = await used(t.b, session.id)
    await t.b.setLogLevel(there, 'error')
    assert.equal((await used(t.a, session.id)).client.logLevel, 'error')
    await t.a.setSubscriptions(session, (uris) => [...uris, 'x://1'])
    await t.b.setSubscriptions(there, (uris) => [...uris, 'x://2'])
    await used(t.a, session.id)
    assert.deepEqual(t.a.subscriptionsOf(session), ['x://1', 'x://2'])
    assert.ok(t.heard.includes(`a ${session.id} x://1,x://2`))
  })

  it('keep both changes where two replicas write at once', async () => {
    await using t = await setUp()
    const session = await t.a.create(REQUEST)
    const there = await used(t.b, session.id)
    const uris = Array.from({ length: 8 }, (_, index) => `x://${index}`)
    await Promise.all(
      uris.map((uri, index) =>
        (index % 2 === 0 ? t.a : t.b).setSubscriptions(index % 2 === 0 ? session : there, (all) =>
          all.includes(uri) ? all : [...all, uri],
        ),
      ),
    )
    const fresh = await used(t.small(), session.id)
    assert.ok(fresh)
    const entry = await t.store.get(`session:${session.id}`)
    const stored = JSON.parse(entry?.value ?? '{}') as { subscriptions: string[] }
    assert.deepEqual(stored.subscriptions.toSorted(), uris)
  })

  it('say where a stream was before, also where that was not known', async () => {
    await using t = await setUp()
    const session = await t.a.create(REQUEST)
    const there = await used(t.b, session.id)
    t.deaf(true)
    await t.a.claimStream(session)
    assert.deepEqual(t.heard, [], 'nobody had it')
    await t.b.claimStream(there)
    assert.deepEqual(t.heard, [`b ${session.id} stream taken`])
    assert.equal(there.streamAt, undefined, 'it ends here')
    assert.ok(t.b.holdsStream(there))
    await t.b.claimStream(there)
    assert.equal(t.heard.length, 1, 'it had it itself')
  })

  it('store later what changed while the store was away, over what others changed', async () => {
    await using t = await setUp()
    const session = await t.a.create(REQUEST)
    const there = await used(t.b, session.id)
    t.away(true)
    await t.a.setSubscriptions(session, () => ['x://1'])
    await t.a.claimStream(session)
    t.away(false)
    await t.b.setLogLevel(there, 'error')
    t.advance(6_000)
    await used(t.a, session.id)
    await t.a.reread(session.id)
    assert.deepEqual(t.a.subscriptionsOf(session), ['x://1'])
    assert.equal(session.client.logLevel, 'error')
    assert.equal(t.a.holdsStream(session), true)
    const elsewhere = await used(t.b, session.id)
    await t.b.reread(session.id)
    assert.deepEqual(t.b.subscriptionsOf(elsewhere), ['x://1'])
    assert.equal(elsewhere.client.logLevel, 'error')
    assert.equal(elsewhere.streamAt, 'a')
    assert.ok(!t.heard.includes(`a ${session.id} `), 'nothing was unfollowed')
  })

  it('leave the stream to a replica that claimed it when the store was back', async () => {
    await using t = await setUp()
    const session = await t.a.create(REQUEST)
    const there = await used(t.b, session.id)
    t.away(true)
    await t.a.claimStream(session)
    t.away(false)
    t.deaf(true)
    await t.b.claimStream(there)
    await t.a.reread(session.id)
    assert.equal(session.streamAt, 'b')
    await t.b.reread(session.id)
    assert.equal(t.b.holdsStream(there), true)
  })

  it('have one stream after an outage in which two replicas claimed it; the client of the other comes back', async () => {
    for (const firstBack of ['a', 'b'] as const) {
      await using t = await setUp()
      const session = await t.a.create(REQUEST)
      const there = await used(t.b, session.id)
      const hungUp: string[] = []
      const channel = (name: string) => ({
        notify: () => {},
        ask: () => Promise.reject(new Error('nobody is asked')),
        hangUp: () => void hungUp.push(name),
        close: () => {},
      })
      session.channel = channel('a')
      there.channel = channel('b')
      t.away(true)
      await t.a.claimStream(session)
      await t.b.claimStream(there)
      assert.deepEqual([t.a.holdsStream(session), t.b.holdsStream(there)], [true, true])
      t.away(false)
      const order = firstBack === 'a' ? [t.a, t.b, t.a] : [t.b, t.a, t.b]
      for (const table of order) await table.reread(session.id)
      const loser = firstBack === 'a' ? 'b' : 'a'
      assert.equal(t[firstBack].holdsStream(firstBack === 'a' ? session : there), true)
      assert.equal(t[loser].holdsStream(firstBack === 'a' ? there : session), false)
      assert.equal((firstBack === 'a' ? there : session).streamAt, firstBack)
      assert.deepEqual(hungUp, [loser])
    }
  })

  it('are compared with their records though the clock was set back', async () => {
    await using t = await setUp()
    const session = await t.a.create(REQUEST)
    const there = await used(t.b, session.id)
    t.advance(-20_000)
    t.deaf(true)
    await t.b.setLogLevel(there, 'error')
    await used(t.a, session.id)
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
    assert.equal(session.client.logLevel, 'error')
  })

  it('say where the stream of their client is', async () => {
    await using t = await setUp()
    const session = await t.a.create(REQUEST)
    const there = await used(t.b, session.id)
    await t.b.claimStream(there)
    assert.equal((await used(t.a, session.id)).streamAt, 'b')
    assert.equal(there.streamAt, undefined)
    assert.equal(t.b.holdsStream(there), true)
    await t.a.claimStream(session)
    assert.equal((await used(t.b, session.id)).streamAt, 'a')
  })

  it('end everywhere', async () => {
    await using t = await setUp()
    const session = await t.a.create(REQUEST)
    await used(t.b, session.id)
    await t.a.end(session, 'by the client')
    assert.equal(await t.b.find(session.id, ANONYMOUS), 'unknown')
    assert.deepEqual(t.heard, [`a ${session.id} ended`, `b ${session.id} elsewhere`])
  })

  it('end for whoever missed it, too: soon, and at once after a pause', async () => {
    await using t = await setUp()
    const [one, two] = [await t.a.create(REQUEST), await t.a.create(REQUEST)]
    await used(t.b, one.id)
    await used(t.b, two.id)
    t.deaf(true)
    await t.a.end(one, 'by the client')
    await t.a.end(two, 'by the client')
    t.advance(1_000)
    t.distrust()
    assert.equal(await t.b.find(one.id, ANONYMOUS), 'unknown')
    assert.equal(await t.b.find(two.id, ANONYMOUS), 'unknown')
  })

  it('stay when one replica has no room, or has not used them for long', async () => {
    await using t = await setUp()
    const small = t.small()
    const [one, two] = [await t.a.create(REQUEST), await t.a.create(REQUEST)]
    await used(small, one.id)
    await used(small, two.id)
    assert.deepEqual(t.heard, [`small ${one.id} left`])
    await used(t.b, one.id)
    for (let minute = 0; minute < 3; minute++) {
      t.advance(40_000)
      await used(t.a, one.id)
      await t.a.sweep()
      await t.b.sweep()
    }
    assert.ok(t.heard.includes(`b ${one.id} left`))
    assert.ok(await used(t.b, one.id))
  })

  it('go on from memory while the store is away', async () => {
    await using t = await setUp()
    const session = await t.a.create(REQUEST)
    t.away(true)
    t.advance(30_000)
    t.distrust()
    t.advance(1)
    assert.ok(await used(t.a, session.id))
    assert.equal(await t.b.find(session.id, ANONYMOUS), 'unavailable')
  })

  it('hold no more than their bound', async () => {
    await using t = await setUp()
    const session = await t.a.create(REQUEST)
    const much = Array.from({ length: 500 }, (_, index) => `x://${index}/${'y'.repeat(500)}`)
    await assert.rejects(
      t.a.setSubscriptions(session, () => much),
      { code: 'GATEWAY_SESSION_TOO_LARGE' },
    )
    assert.deepEqual(t.a.subscriptionsOf(session), [])
  })
})
