import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonObject } from '../base/json.ts'
import { ANONYMOUS, type Principal } from '../mcp/caller.ts'
import type { ClientSession } from '../mcp/client-session.ts'
import { mcpErrors } from '../mcp/errors.ts'
import { errorReply, resultReply } from '../mcp/reply.ts'
import { silentLogger } from '../telemetry/logger.ts'
import { operational, backends as backendList } from './config.ts'
import type { SlotOwner } from './backends/pool.ts'
import { createFakeBackend, LEGACY_CLIENT, type FakeBackend } from './testing/fake-backend.ts'
import { createTaskIds } from './task-ids.ts'
import { createBackend, type Backend, type BackendEvents } from './backend.ts'

const BOB: Principal = { kind: 'oidc', binding: 'iss\0bob' }

const TASK_IDS = createTaskIds(Buffer.alloc(32))

function makeSession(id: string, channel?: ClientSession['channel']): ClientSession {
  return { id, principal: ANONYMOUS, client: LEGACY_CLIENT, channel, inFlight: 0 }
}

function nameOf(owner: SlotOwner): string {
  return owner.kind === 'session' ? `session ${owner.session.id}` : owner.kind
}

function lists(tools: string[]) {
  return (method: string): JsonObject =>
    method === 'tools/list'
      ? { tools: tools.map((name) => ({ name, inputSchema: { type: 'object' } })) }
      : {}
}

function setUp(fake: FakeBackend, file: object = {}, changes: Partial<BackendEvents> = {}) {
  const heard: string[] = []
  const events: BackendEvents = {
    onOffer: (backend, announced) =>
      heard.push(
        `offer ${backend.offer.tools.map((t) => t.name).join()} announced ${[...announced].join()}`,
      ),
    onOwnOffer: (_backend, owner, offer) =>
      heard.push(`${nameOf(owner)} sees ${offer?.tools.map((t) => t.name).join() ?? 'the same'}`),
    onOwnListChanged: (_backend, owner, kinds) =>
      heard.push(`${nameOf(owner)} told ${[...kinds].join()}`),
    onNotification: (_backend, owner, method) => heard.push(`${owner?.kind ?? 'shared'} ${method}`),
    onState: (_backend, up, reason) => heard.push(up ? 'up' : `down ${reason}`),
    ...changes,
  }
  const [config] = backendList.parse([{ name: 'fake', command: 'x', transport: 'stdio', ...file }])
  assert.ok(config)
  const backend = createBackend({
    config,
    operational: operational.parse({}),
    connect: fake.connect,
    events,
    taskIds: TASK_IDS,
    relistMs: { minMs: 10, maxMs: 10 },
    now: () => 0,
    log: silentLogger,
  })
  return { backend, heard, [Symbol.asyncDispose]: () => backend.close() }
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (condition()) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  assert.fail('did not happen within a second')
}

async function started(backend: Backend): Promise<void> {
  backend.start()
  await backend.settled
}

describe('createBackend()', () => {
  it('lists what the backend offers as soon as it is reached', async () => {
    const fake = createFakeBackend()
    fake.answer = (request) => resultReply(lists(['a', 'b'])(request.method))
    await using t = setUp(fake)
    await started(t.backend)
    assert.deepEqual(t.heard, ['offer a,b announced ', 'up'])
    assert.equal(t.backend.offer.known.resources, true)
  })

  it('says why it is down and comes up by itself later', async () => {
    const fake = createFakeBackend()
    fake.refuse = new Error('refused')
    fake.answer = (request) => resultReply(lists(['a'])(request.method))
    await using t = setUp(fake)
    await started(t.backend)
    assert.equal(t.backend.lastError, 'refused')
    assert.equal(t.backend.main, undefined)
    fake.refuse = undefined
    await until(() => t.heard.includes('up'))
    assert.equal(t.backend.lastError, undefined)
  })

  it('asks again for a list it could not have, on the same connection', async () => {
    const fake = createFakeBackend({ capabilities: { tools: {}, prompts: {} } })
    let fails = 2
    fake.answer = ({ method }) => {
      if (method === 'prompts/list') return resultReply({ prompts: [{ name: 'p' }] })
      return fails-- > 0 ? errorReply(-32603, 'loading') : resultReply(lists(['a'])(method))
    }
    await using t = setUp(fake)
    await started(t.backend)
    assert.deepEqual(t.heard, ['offer  announced ', 'up'])
    await until(() => t.heard.includes('offer a announced tools'))
    assert.equal(fake.connections.length, 1)
  })

  it('is down while it lists nothing at all, and comes up when it does', async () => {
    const fake = createFakeBackend()
    let fails = 2
    fake.answer = ({ method }) =>
      fails-- > 0 ? errorReply(-32603, 'loading') : resultReply(lists(['a'])(method))
    await using t = setUp(fake)
    await started(t.backend)
    assert.match(t.backend.lastError ?? '', /loading/)
    await until(() => t.heard.includes('up'))
    assert.deepEqual(t.heard.slice(-2), ['offer a announced tools,resources,prompts', 'up'])
    assert.equal(t.backend.lastError, undefined)
    assert.equal(fake.connections.length, 1)
  })

  it('connects again at once after a loss and lists anew', async () => {
    const fake = createFakeBackend()
    let tools = ['a']
    fake.answer = (request) => resultReply(lists(tools)(request.method))
    await using t = setUp(fake)
    await started(t.backend)
    tools = ['a', 'b']
    fake.connections[0]?.events.onClose('exit 1')
    assert.equal(t.backend.main, undefined)
    await until(() => t.heard.filter((line) => line === 'up').length === 2)
    assert.deepEqual(
      t.backend.offer.tools.map((tool) => tool.name),
      ['a', 'b'],
    )
  })

  it('refreshes once for many announcements and says what was announced', async () => {
    const fake = createFakeBackend()
    fake.answer = (request) => resultReply(lists(['a'])(request.method))
    await using t = setUp(fake)
    await started(t.backend)
    const requests = fake.connections[0]!.requests.length
    for (let i = 0; i < 5; i++) {
      fake.connections[0]!.events.onNotification('notifications/tools/list_changed', {})
    }
    await until(() => t.heard.includes('offer a announced tools'))
    assert.equal(fake.connections[0]!.requests.length, requests + 1)
  })

  it('loses nothing when a change is announced while the first listing runs', async () => {
    const fake = createFakeBackend({ capabilities: { tools: {}, prompts: {} } })
    fake.answer = async (request) => {
      if (request.method === 'prompts/list') {
        await new Promise((resolve) => setTimeout(resolve, 80))
        return resultReply({ prompts: [{ name: 'p' }] })
      }
      return resultReply(lists(['a'])(request.method))
    }
    await using t = setUp(fake)
    t.backend.start()
    await until(() => fake.connections.length === 1)
    fake.connections[0]!.events.onNotification('notifications/tools/list_changed', {})
    await until(() => t.heard.includes('up'))
    assert.equal(t.backend.offer.prompts.length, 1)
    assert.equal(t.backend.offer.tools.length, 1)
  })

  it('gives each session its own connection, with the session’s capabilities, and ends it with the session', async () => {
    const fake = createFakeBackend()
    await using t = setUp(fake)
    fake.answer = (request) => resultReply(lists([])(request.method))
    await started(t.backend)
    const [one, two] = [makeSession('1'), makeSession('2')]
    const first = await t.backend.connectionFor({ principal: ANONYMOUS, session: one })
    const second = await t.backend.connectionFor({ principal: ANONYMOUS, session: two })
    assert.notEqual(first, second)
    assert.equal(await t.backend.connectionFor({ principal: ANONYMOUS, session: one }), first)
    assert.deepEqual(fake.connections[1]?.asked.capabilities, LEGACY_CLIENT.capabilities)
    t.backend.endSession(one, 'ended')
    assert.equal(fake.connections[1]?.closed, true)
    assert.equal(fake.connections[2]?.closed, false)
  })

  it('declares no tasks of a client, which it could not be asked about', async () => {
    const fake = createFakeBackend()
    await using t = setUp(fake)
    fake.answer = (request) => resultReply(lists([])(request.method))
    await started(t.backend)
    const tasks = { requests: { sampling: { createMessage: {} } } }
    const client = { ...LEGACY_CLIENT, capabilities: { sampling: {}, tasks } }
    await t.backend.connectionFor({
      principal: ANONYMOUS,
      session: { ...makeSession('1'), client },
    })
    assert.deepEqual(fake.connections[1]?.asked.capabilities, { sampling: {} })
  })

  it('opens nothing for a session that has ended', async () => {
    const fake = createFakeBackend()
    fake.answer = (request) => resultReply(lists(['a'])(request.method))
    await using t = setUp(fake)
    await started(t.backend)
    const owner = { principal: ANONYMOUS, session: makeSession('s') }
    t.backend.endSession(owner.session, 'ended')
    await assert.rejects(async () => t.backend.connectionFor(owner), { code: 'MCP_CALL_CANCELLED' })
    assert.equal(fake.connections.length, 1)
  })

  it('gives callers without a session a connection per principal', async () => {
    const fake = createFakeBackend()
    fake.answer = (request) => resultReply(lists([])(request.method))
    await using t = setUp(fake)
    await started(t.backend)
    const mine = await t.backend.connectionFor({ principal: ANONYMOUS })
    assert.equal(await t.backend.connectionFor({ principal: ANONYMOUS }), mine)
    assert.notEqual(await t.backend.connectionFor({ principal: BOB }), mine)
    assert.deepEqual(fake.connections[1]?.asked.capabilities['elicitation'], { form: {}, url: {} })
  })

  it('shares one connection among all if declared stateless, or if the backend is modern', async () => {
    for (const [fake, file] of [
      [createFakeBackend(), { stateless: true }],
      [createFakeBackend({ era: 'modern' }), {}],
    ] as const) {
      fake.answer = (request) => resultReply(lists([])(request.method))
      await using t = setUp(fake, file)
      await started(t.backend)
      const session = makeSession('1')
      // One that can be asked gets a process of its own, if the server serves its era too.
      session.client = { ...session.client, capabilities: {} }
      for (const one of [session, undefined]) {
        const owner = { principal: BOB, session: one }
        assert.equal(await t.backend.connectionFor(owner), t.backend.main)
      }
      assert.equal(fake.connections.length, 1)
    }
  })

  it('shares the connection of a streamable HTTP server that gives no session id', async () => {
    const http = { transport: 'streamable-http', url: 'http://127.0.0.1:1/mcp', command: undefined }
    for (const [sessionId, connections] of [
      [undefined, 1],
      ['s', 2],
    ] as const) {
      const fake = createFakeBackend(sessionId === undefined ? {} : { sessionId })
      fake.answer = (request) => resultReply(lists([])(request.method))
      await using t = setUp(fake, http)
      await started(t.backend)
      await t.backend.connectionFor({ principal: ANONYMOUS, session: makeSession('1') })
      assert.equal(fake.connections.length, connections)
    }
  })

  it('gives legacy sessions of a backend of both eras their own, also after it could not be asked once', async () => {
    const modern = createFakeBackend({ era: 'modern' })
    const legacy = createFakeBackend({ sessionId: 's' })
    for (const fake of [modern, legacy])
      fake.answer = (request) => resultReply(lists([])(request.method))
    const both: FakeBackend = {
      ...modern,
      connect: (asked) => (asked.era === 'legacy' ? legacy : modern).connect(asked),
    }
    const http = { transport: 'streamable-http', url: 'http://127.0.0.1:1/mcp', command: undefined }
    await using t = setUp(both, http)
    await started(t.backend)
    const connection = (id: string) =>
      t.backend.connectionFor({ principal: ANONYMOUS, session: makeSession(id) })
    legacy.refuse = mcpErrors.BACKEND_UNREACHABLE({ backend: 'fake', reason: 'busy', ran: 'no' })
    assert.equal(await connection('1'), t.backend.main)
    legacy.refuse = undefined
    assert.equal(await connection('1'), legacy.connections[0])
    legacy.refuse = mcpErrors.BACKEND_HTTP({
      backend: 'fake',
      reason: 'no',
      ran: 'no',
      httpStatus: 400,
    })
    assert.equal(await connection('2'), t.backend.main)
    legacy.refuse = undefined
    assert.equal(await connection('3'), t.backend.main)
  })

  it('shows a session what its own connection offers, if that differs', async () => {
    const fake = createFakeBackend()
    fake.answer = (request, connection) =>
      resultReply(lists(connection === fake.connections[0] ? ['a'] : ['a', 'mine'])(request.method))
    await using t = setUp(fake)
    await started(t.backend)
    await t.backend.connectionFor({ principal: ANONYMOUS, session: makeSession('1') })
    fake.connections[1]?.events.onNotification('notifications/tools/list_changed', {})
    await until(() => t.heard.includes('session 1 told tools'))
    assert.ok(t.heard.includes('session 1 sees a,mine'))
    t.backend.endSession(makeSession('1'), 'ended')
    assert.equal(t.heard.at(-1), 'session 1 sees the same')
  })

  it('asks the owner of a connection what the backend asks outside a call, and nobody on a shared one', async () => {
    const fake = createFakeBackend()
    fake.answer = (request) => resultReply(lists([])(request.method))
    await using t = setUp(fake)
    await started(t.backend)
    const channel = { notify() {}, ask: async () => ({ roots: [] }), close() {} }
    await t.backend.connectionFor({ principal: ANONYMOUS, session: makeSession('1', channel) })
    const question = { method: 'roots/list', params: {} } as const
    assert.deepEqual(await fake.connections[1]?.events.onQuestion(question), { roots: [] })
    await assert.rejects(fake.connections[0]!.events.onQuestion(question), {
      code: 'MCP_CLIENT_CANNOT_ANSWER',
    })
  })

  it('names a task to that owner as the owner knows it', async () => {
    const fake = createFakeBackend()
    fake.answer = (request) => resultReply(lists([])(request.method))
    await using t = setUp(fake)
    await started(t.backend)
    const about = (taskId: string) => ({
      _meta: { 'io.modelcontextprotocol/related-task': { taskId } },
    })
    const asked: JsonObject[] = []
    const channel = {
      notify() {},
      async ask({ params }: { params: JsonObject }) {
        asked.push(params)
        return { action: 'cancel', ...params }
      },
      close() {},
    }
    await t.backend.connectionFor({ principal: ANONYMOUS, session: makeSession('1', channel) })
    const question = { method: 'elicitation/create', params: about('native') } as const
    const answer = await fake.connections[1]?.events.onQuestion(question)
    assert.deepEqual(asked, [about(TASK_IDS.toClient('fake', 'native', ANONYMOUS))])
    assert.deepEqual(answer, { action: 'cancel', ...about('native') })
  })

  it('subscribes again on the connection that replaces a lost one', async () => {
    const fake = createFakeBackend({ capabilities: { tools: {}, resources: { subscribe: true } } })
    fake.answer = (request) => resultReply(lists([])(request.method))
    await using t = setUp(fake, { stateless: true })
    await started(t.backend)
    const slot = await t.backend.slotFor({ principal: ANONYMOUS })
    await slot.subscribe('file:///a')
    fake.connections[0]?.events.onClose('exit')
    await until(() =>
      (fake.connections[1]?.requests ?? []).some((r) => r.method === 'resources/subscribe'),
    )
  })

  it('says that what is followed may have changed when nobody was listening for a while', async () => {
    const fake = createFakeBackend({ capabilities: { tools: {}, resources: { subscribe: true } } })
    fake.answer = (request) => resultReply(lists([])(request.method))
    await using t = setUp(fake, { stateless: true })
    await started(t.backend)
    const slot = await t.backend.slotFor({ principal: ANONYMOUS })
    await slot.subscribe('file:///a')
    fake.connections[0]?.events.onMissed?.()
    assert.deepEqual(
      t.heard.filter((line) => line.includes('resources/updated')),
      ['shared notifications/resources/updated'],
    )
  })

  it('makes a shared connection as talkative as any client wants, and no quieter', async () => {
    const fake = createFakeBackend({ capabilities: { tools: {}, logging: {} } })
    fake.answer = (request) => resultReply(lists(['a'])(request.method))
    await using t = setUp(fake, { stateless: true })
    await started(t.backend)
    const { requests } = fake.connections[0]!
    const asked = () =>
      requests.flatMap(({ method, params }) =>
        method === 'logging/setLevel' ? [params?.['level']] : [],
      )
    t.backend.setLogLevel(makeSession('s'), 'error')
    assert.deepEqual(asked(), ['info'])
    await t.backend.raiseLogLevel({ principal: BOB }, 'debug')
    assert.deepEqual(asked(), ['info', 'debug'])
    assert.equal(t.backend.raiseLogLevel({ principal: BOB }, 'warning'), undefined)
  })

  it('rejects calls with the reason while it cannot be reached', async () => {
    const fake = createFakeBackend()
    fake.refuse = mcpErrors.BACKEND_UNREACHABLE({ backend: 'fake', reason: 'no route', ran: 'no' })
    await using t = setUp(fake)
    await started(t.backend)
    await assert.rejects(async () => t.backend.connectionFor({ principal: ANONYMOUS }), {
      code: 'GATEWAY_BACKEND_AWAY',
      status: 502,
      message: /no route/,
    })
  })
})
