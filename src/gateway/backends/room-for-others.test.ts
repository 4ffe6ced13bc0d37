import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonObject } from '../../base/json.ts'
import { ANONYMOUS, type Principal } from '../../mcp/caller.ts'
import type { BackendRequest } from '../../mcp/backend-connection.ts'
import type { ClientSession } from '../../mcp/client-session.ts'
import { resultReply } from '../../mcp/reply.ts'
import { Cancellation } from '../../base/cancellation.ts'
import { silentLogger } from '../../telemetry/logger.ts'
import { createBackend } from '../backend.ts'
import { backends, operational } from '../config.ts'
import { createTaskIds } from '../task-ids.ts'
import { createFakeBackend, LEGACY_CLIENT, type FakeConnection } from '../testing/fake-backend.ts'

const MINUTE = 60_000

/** A stdio backend that may have two processes for clients, next to the gateway's own connection. */
async function setUp() {
  const fake = createFakeBackend()
  fake.answer = () => resultReply({ tools: [] })
  const clock = { ms: 0 }
  const [config] = backends.parse([{ name: 'fake', command: 'x' }])
  assert.ok(config)
  const backend = createBackend({
    config,
    operational: operational.parse({ limits: { maxProcesses: 2 } }),
    connect: fake.connect,
    events: {
      onOffer() {},
      onOwnOffer() {},
      onOwnListChanged() {},
      onNotification() {},
      onState() {},
    },
    taskIds: createTaskIds(Buffer.alloc(32)),
    now: () => clock.ms,
    log: silentLogger,
  })
  backend.start()
  await backend.settled

  async function open(owner: ClientSession | Principal) {
    clock.ms += 1000
    return 'id' in owner
      ? backend.connectionFor({ principal: ANONYMOUS, session: owner })
      : backend.connectionFor({ principal: owner })
  }
  return {
    backend,
    clock,
    open,
    /** Those made for clients so far, true if they still stand. */
    standing: () => fake.connections.slice(1).map((each) => !each.closed),
    made: (index: number): FakeConnection => fake.connections[index + 1]!,
    [Symbol.asyncDispose]: () => backend.close(),
  }
}

function session(id: string): ClientSession {
  return { id, principal: ANONYMOUS, client: LEGACY_CLIENT, channel: undefined, inFlight: 0 }
}

function toolCall(heard: unknown[] = []): BackendRequest {
  return {
    method: 'tools/call',
    params: {},
    capabilities: {},
    wantsProgress: false,
    cancellation: new Cancellation(),
    timeouts: { idleMs: 1000, absoluteMs: 1000 },
    onNotification: (method, params) => heard.push([method, params]),
  }
}

const STATE_LOST = 'toolhive.stacklok.dev/stateLost'

function told(reply: unknown): unknown {
  const { result } = reply as { result?: { _meta?: JsonObject } }
  return result?._meta?.[STATE_LOST]
}

describe('connections of a backend beyond its bound', () => {
  it('closes the least recently used idle one, and tells its owner once when it comes back', async () => {
    await using t = await setUp()
    const [a, b, c] = [session('a'), session('b'), session('c')]
    await t.open(a)
    await t.open(b)
    await t.open(a)
    const ofC = await t.open(c)
    assert.deepEqual(t.standing(), [true, false, true])
    assert.equal(told(await ofC.request(toolCall())), undefined)

    const heard: unknown[] = []
    const again = await t.open(b)
    assert.deepEqual(t.standing(), [false, false, true, true])
    assert.deepEqual(told(await again.request(toolCall(heard))), { backend: 'fake' })
    assert.equal(heard.length, 1)
    assert.equal(told(await again.request(toolCall())), undefined)
  })

  it('closes none that has calls, questions, subscriptions, tasks or an open stream in use', async () => {
    await using t = await setUp()
    const [a, b, c] = [session('a'), session('b'), session('c')]
    const ofA = await t.open(a)
    await t.open(b)
    // The session has a call or a stream open.
    b.inFlight = 1
    const callOfA = { principal: ANONYMOUS, session: a }
    const busy = async () =>
      assert.rejects(t.open(c), {
        code: 'GATEWAY_TOO_MANY_CONNECTIONS',
        message: 'Cannot open another connection to backend "fake": all 2 are in use',
      })

    Object.assign(t.made(0), { inFlight: 1 })
    assert.equal(ofA.inFlight, 1)
    await busy()
    Object.assign(t.made(0), { inFlight: 0 })

    const slot = await t.backend.slotFor(callOfA)
    await slot.subscribe('memo://1')
    await busy()
    await slot.unsubscribe('memo://1')

    const { promise, resolve } = Promise.withResolvers<JsonObject>()
    a.channel = { notify() {}, close() {}, ask: () => promise }
    const answered = t.made(0).events.onQuestion({ method: 'roots/list', params: {} })
    await busy()
    resolve({})
    await answered

    t.backend.keepFor(callOfA, MINUTE)
    await busy()
    t.clock.ms += MINUTE
    await t.open(c)
    assert.deepEqual(t.standing(), [false, true, true])
  })

  it('tells nothing to a session that ended meanwhile, nor to a person who comes back much later', async () => {
    await using t = await setUp()
    const bob: Principal = { kind: 'oidc', binding: 'iss\0bob' }
    await t.open(bob)
    await t.open(session('b'))
    await t.open(session('c'))
    assert.deepEqual(t.standing(), [false, true, true])
    t.clock.ms += 31 * MINUTE
    t.backend.sweep()
    const later = await t.open(bob)
    assert.equal(told(await later.request(toolCall())), undefined)
  })

  it('leaves a subscription alone, however long ago its owner called', async () => {
    await using t = await setUp()
    const slot = await t.backend.slotFor({ principal: ANONYMOUS })
    await slot.subscribe('memo://1')
    t.clock.ms += 31 * MINUTE
    t.backend.sweep()
    assert.deepEqual(t.standing(), [true])
    await slot.unsubscribe('memo://1')
    t.backend.sweep()
    await new Promise(setImmediate)
    assert.deepEqual(t.standing(), [false])
  })
})
