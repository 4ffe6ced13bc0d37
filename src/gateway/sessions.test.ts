import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ANONYMOUS, type Principal } from '../mcp/caller.ts'
import type { ClientSession } from '../mcp/client-session.ts'
import { silentLogger } from '../telemetry/logger.ts'
import type { KeyValue } from '../storage/key-value.ts'
import { openStorage } from '../storage/open-storage.ts'
import { createSessions, type SessionsOptions } from './sessions.ts'

const REQUEST = {
  version: '2025-11-25',
  capabilities: { elicitation: {} },
  principal: ANONYMOUS,
} as const
const ALICE: Principal = { kind: 'oidc', binding: 'iss\0alice' }
const BOB: Principal = { kind: 'oidc', binding: 'iss\0bob' }

async function setUp(changes: Partial<SessionsOptions> = {}) {
  let nowMs = 1_000_000
  let ids = 0
  const ended: string[] = []
  const now = () => nowMs
  const { keyValue: store } = await openStorage({ provider: 'memory' }, { now })
  const options: SessionsOptions = {
    store,
    keyPrefix: 'session:',
    limits: () => ({ ttlMs: 60_000, maxSessions: 3 }),
    newId: () => `s${++ids}`,
    now,
    onEnd: (session, reason) => ended.push(`${session.id}: ${reason}`),
    onLogLevel: () => {},
    log: silentLogger,
    ...changes,
  }
  const sessions = createSessions(options)
  return {
    sessions,
    store,
    keyPrefix: 'session:',
    options,
    ended,
    advance: (ms: number) => (nowMs += ms),
    [Symbol.dispose]: () => sessions.close(),
  }
}

function live(found: unknown): ClientSession {
  assert.ok(typeof found === 'object' && found !== null && 'id' in found, String(found))
  return found as ClientSession
}

describe('createSessions()', () => {
  it('finds a live session without a promise', async () => {
    using t = await setUp()
    const session = await t.sessions.create(REQUEST)
    assert.equal(t.sessions.find(session.id, ANONYMOUS), session)
  })

  it('answers unknown for an id nobody has', async () => {
    using t = await setUp()
    assert.equal(await t.sessions.find('nope', ANONYMOUS), 'unknown')
  })

  it('slides the expiry with each use', async () => {
    using t = await setUp()
    const session = await t.sessions.create(REQUEST)
    t.advance(50_000)
    live(t.sessions.find(session.id, ANONYMOUS))
    await t.sessions.sweep()
    t.advance(50_000)
    await t.sessions.sweep()
    assert.deepEqual(t.ended, [])
    t.advance(10_001)
    await t.sessions.sweep()
    assert.deepEqual(t.ended, ['s1: expired'])
    assert.equal(await t.sessions.find(session.id, ANONYMOUS), 'unknown')
  })

  it('never expires a session with a call in flight', async () => {
    using t = await setUp()
    const session = await t.sessions.create(REQUEST)
    session.inFlight = 1
    t.advance(600_000)
    await t.sessions.sweep()
    assert.deepEqual(t.ended, [])
  })

  it('evicts the least recently used idle session at the limit', async () => {
    using t = await setUp()
    const [one, two] = [await t.sessions.create(REQUEST), await t.sessions.create(REQUEST)]
    await t.sessions.create(REQUEST)
    t.advance(2000)
    live(t.sessions.find(one.id, ANONYMOUS))
    two.inFlight = 1
    await t.sessions.create(REQUEST)
    assert.deepEqual(t.ended, ['s3: evicted: too many sessions'])
    two.inFlight = 0
    await t.sessions.create(REQUEST)
    assert.deepEqual(t.ended.slice(1), ['s2: evicted: too many sessions'])
  })

  it('refuses another session when all have a call or a stream open', async () => {
    using t = await setUp()
    for (let i = 0; i < 3; i++) (await t.sessions.create(REQUEST)).inFlight = 1
    await assert.rejects(t.sessions.create(REQUEST), { code: 'GATEWAY_TOO_MANY_SESSIONS' })
    assert.equal(t.sessions.size, 3)
    assert.deepEqual(t.ended, [])
  })

  it('refuses a client that says too much of itself', async () => {
    using t = await setUp()
    const capabilities = { experimental: { much: 'x'.repeat(100_000) } }
    const create = t.sessions.create({ ...REQUEST, capabilities })
    await assert.rejects(create, { code: 'GATEWAY_SESSION_TOO_LARGE' })
    assert.equal(t.sessions.size, 0)
  })

  it('ends a session that another principal uses', async () => {
    using t = await setUp()
    const session = await t.sessions.create({ ...REQUEST, principal: ALICE })
    assert.equal(t.sessions.find(session.id, BOB), 'foreign')
    assert.equal(await t.sessions.find(session.id, ALICE), 'unknown')
    assert.deepEqual(t.ended, ['s1: used by another principal'])
  })

  it('restores a session of another process from the store, for its own principal only', async () => {
    using first = await setUp()
    const session = await first.sessions.create({
      ...REQUEST,
      principal: ALICE,
      info: { name: 'c', version: '1' },
    })
    void first.sessions.setLogLevel(session, 'error')
    await new Promise((resolve) => setImmediate(resolve))
    using second = await setUp({ store: first.store })
    const restored = live(await second.sessions.find(session.id, ALICE))
    assert.deepEqual(restored.client, { ...session.client, logLevel: 'error' })
    using third = await setUp({ store: first.store })
    assert.equal(await third.sessions.find(session.id, BOB), 'foreign')
  })

  it('shares one restore between concurrent requests', async () => {
    using first = await setUp()
    const { id } = await first.sessions.create(REQUEST)
    using second = await setUp({ store: first.store })
    const [a, b] = await Promise.all([
      second.sessions.find(id, ANONYMOUS),
      second.sessions.find(id, ANONYMOUS),
    ])
    assert.equal(live(a), live(b))
  })

  it('prolongs many sessions in one go, and writes again what the store lost', async () => {
    const batches: number[] = []
    const { keyValue: inner } = await openStorage({ provider: 'memory' }, { now: () => 0 })
    const store: KeyValue = {
      ...inner,
      touch: () => assert.fail('one by one'),
      touchMany: (touches) => (batches.push(touches.length), inner.touchMany(touches)),
    }
    for (const peers of [undefined, peersOf('r1')]) {
      using t = await setUp({ store, peers })
      const [a, b] = [await t.sessions.create(REQUEST), await t.sessions.create(REQUEST)]
      t.advance(30_000)
      for (const { id } of [a, b]) live(await t.sessions.find(id, ANONYMOUS))
      await inner.delete(`session:${b.id}`)
      await t.sessions.sweep()
      assert.equal(batches.pop(), 2)
      assert.ok(await inner.get(`session:${b.id}`))
      await t.sessions.sweep()
      assert.equal(batches.length, 0, 'nothing to do')
      using other = await setUp({ store, peers: peersOf('r2') })
      live(await other.sessions.find(b.id, ANONYMOUS))
      for (const { id } of [a, b]) await inner.delete(`session:${id}`)
    }
  })

  it('tells a session that was ended elsewhere from one that the store lost', async () => {
    using first = await setUp({ peers: peersOf('r1') })
    using second = await setUp({ store: first.store, peers: peersOf('r2') })
    const lost = await first.sessions.create(REQUEST)
    const ended = await first.sessions.create(REQUEST)
    for (const { id } of [lost, ended]) live(await second.sessions.find(id, ANONYMOUS))
    await first.store.delete(`session:${lost.id}`)
    await first.sessions.end(ended, 'by its client')
    for (const { id } of [lost, ended]) second.sessions.staleElsewhere(id)
    live(await second.sessions.find(lost.id, ANONYMOUS))
    await second.sessions.find(ended.id, ANONYMOUS)
    assert.deepEqual(second.ended, [`${ended.id}: ended elsewhere`])
    assert.equal(await second.sessions.find(ended.id, ANONYMOUS), 'unknown')
    assert.equal(await first.sessions.find(ended.id, ANONYMOUS), 'unknown')
  })

  it('says "try again" of a session that another replica serves and could not store', async () => {
    const served = { is: true }
    using t = await setUp({ peers: { ...peersOf('r1'), serve: async () => served.is } })
    assert.equal(await t.sessions.find('begun elsewhere', ANONYMOUS), 'unavailable')
    served.is = false
    assert.equal(await t.sessions.find('begun elsewhere', ANONYMOUS), 'unknown')
  })

  it('answers unavailable when the store fails, and unknown for a damaged record', async () => {
    const failing: KeyValue = {
      ...(await openStorage({ provider: 'memory' }, { now: () => 0 })).keyValue,
      get: () => Promise.reject(new Error('away')),
    }
    using broken = await setUp({ store: failing })
    assert.equal(await broken.sessions.find('x', ANONYMOUS), 'unavailable')
    using t = await setUp()
    for (const record of [
      '{',
      '[]',
      '{"format":2}',
      '{"format":1,"binding":"x","version":"1999-01-01"}',
    ]) {
      await t.store.set('session:bad', record)
      assert.equal(await t.sessions.find('bad', ANONYMOUS), 'unknown', record)
    }
  })
})

function peersOf(self: string): NonNullable<SessionsOptions['peers']> {
  return {
    self,
    trustedSinceMs: () => 0,
    changed() {},
    ended: async () => {},
    serve: async () => false,
  }
}
