import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import type { JsonObject } from '../base/json.ts'
import type { BackendRequest } from '../mcp/backend-connection.ts'
import type { Call } from '../mcp/call.ts'
import { ANONYMOUS } from '../mcp/caller.ts'
import type { ClientSession } from '../mcp/client-session.ts'
import { mcpErrors } from '../mcp/errors.ts'
import { parseRawResult } from '../mcp/raw-response.ts'
import { errorReply, resultReply, type Reply } from '../mcp/reply.ts'
import { openStorage } from '../storage/open-storage.ts'
import { silentLogger } from '../telemetry/logger.ts'
import { aggregation, backends as backendList, operational } from './config.ts'
import { createGateway, type GatewaySettings } from './create-gateway.ts'
import {
  createFakeBackend,
  LEGACY_CLIENT,
  makeCall,
  MODERN_CLIENT,
  type FakeBackend,
} from './testing/fake-backend.ts'

const PREFIX = {
  conflictResolution: 'prefix',
  conflictResolutionConfig: { prefixFormat: '{workload}_' },
}

/** Answers lists with the given tools and one resource, one template and one prompt, and calls with what was asked. */
function answering(name: string, tools: string[], extra: JsonObject = {}) {
  return (request: BackendRequest): Reply => {
    switch (request.method) {
      case 'tools/list':
        return resultReply({
          tools: tools.map((tool) => ({ name: tool, inputSchema: { type: 'object' } })),
        })
      case 'resources/list':
        return resultReply({ resources: [{ uri: `${name}://one`, name: 'one' }] })
      case 'resources/templates/list':
        return resultReply({
          resourceTemplates: [{ uriTemplate: `${name}://item/{id}`, name: 'item' }],
        })
      case 'prompts/list':
        return resultReply({ prompts: [{ name: 'greet' }] })
      default: {
        const uri = request.method === 'resources/read' && request.params?.['uri']
        if (typeof uri === 'string' && !uri.startsWith(`${name}:`)) {
          return errorReply(-32602, 'Not here')
        }
        return resultReply({
          from: name,
          method: request.method,
          params: request.params ?? {},
          ...extra,
        })
      }
    }
  }
}

const ALL = { tools: {}, resources: { subscribe: true }, prompts: {}, completions: {} }

async function setUp(
  fakes: Record<string, FakeBackend>,
  changes: Partial<{ aggregation: object; backends: object[] }> = {},
) {
  const settings = (
    names: string[],
    rules: object = changes.aggregation ?? PREFIX,
  ): GatewaySettings => ({
    backends: backendList.parse(names.map((name) => ({ name, command: name, stateless: true }))),
    aggregation: aggregation.parse(rules),
    operational: operational.parse({}),
  })
  let ids = 0
  const gateway = createGateway({
    ...settings(Object.keys(fakes)),
    info: { name: 'gateway', version: '1' },
    connectTo: (backend) => fakes[backend.name]!.connect,
    sessionKeyPrefix: 'session:',
    store: (await openStorage({ provider: 'memory' }, { now: () => 0 })).keyValue,
    key: randomBytes(32),
    stages: [],
    aroundBackend: (_backend, _call, request, go) => go(request),
    onBackendState: () => {},
    onCatalogue: () => {},
    newId: () => `session-${++ids}`,
    now: () => 0,
    log: silentLogger,
  })
  gateway.start()
  await gateway.settled(1000)
  return { gateway, settings, [Symbol.asyncDispose]: () => gateway.close() }
}

function two(): Record<'a' | 'b', FakeBackend> {
  const [a, b] = [
    createFakeBackend({ capabilities: ALL }),
    createFakeBackend({ capabilities: ALL }),
  ]
  a.answer = answering('a', ['x', 'y'])
  b.answer = answering('b', ['x'])
  return { a, b }
}

async function resultOf(reply: Promise<Reply>): Promise<JsonObject> {
  const got = await reply
  if (got.kind === 'raw') return parseRawResult(got.response) as JsonObject
  assert.equal(got.kind, 'result', JSON.stringify(got))
  return got.kind === 'result' ? got.result : {}
}

async function errorOf(reply: Promise<Reply>): Promise<{ code: number; message: string }> {
  const got = await reply
  assert.ok(got.kind === 'error', JSON.stringify(got))
  return got.error
}

function names(result: JsonObject, member: string, key = 'name'): unknown[] {
  return (result[member] as JsonObject[]).map((item) => item[key])
}

function modern(method: string, params: JsonObject = {}, changes: Partial<Call> = {}): Call {
  return makeCall({ method, params, client: MODERN_CLIENT, ...changes })
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !condition(); i++)
    await new Promise((resolve) => setTimeout(resolve, 5))
  assert.ok(condition(), 'did not happen within a second')
}

/** A session with a channel that remembers what it was told. */
async function listening(gateway: Awaited<ReturnType<typeof setUp>>['gateway']) {
  const told: string[] = []
  const session: ClientSession = await gateway.sessions.create({
    version: '2025-11-25',
    capabilities: {},
    principal: ANONYMOUS,
  })
  session.channel = {
    notify: (method, params) =>
      void told.push(
        params?.['uri'] === undefined ? method : `${method} ${JSON.stringify(params['uri'])}`,
      ),
    ask: () => Promise.reject(new Error('not asked')),
    close() {},
  }
  return { session, told }
}

describe('createGateway()', () => {
  it('lists what all backends offer, in a fixed order, from memory', async () => {
    const fakes = two()
    await using t = await setUp(fakes)
    const before = fakes.a.connections[0]!.requests.length
    assert.deepEqual(names(await resultOf(t.gateway.call(modern('tools/list'))), 'tools'), [
      'a_x',
      'a_y',
      'b_x',
    ])
    assert.deepEqual(names(await resultOf(t.gateway.call(modern('prompts/list'))), 'prompts'), [
      'a_greet',
      'b_greet',
    ])
    assert.deepEqual(
      names(await resultOf(t.gateway.call(modern('resources/list'))), 'resources', 'uri'),
      ['a://one', 'b://one'],
    )
    assert.equal(fakes.a.connections[0]!.requests.length, before)
  })

  it('sends tools, prompts, resources and completions to their backend under its own names', async () => {
    await using t = await setUp(two())
    const ask = (method: string, params: JsonObject) =>
      resultOf(t.gateway.call(modern(method, params)))
    assert.deepEqual(await ask('tools/call', { name: 'b_x', arguments: { n: 1 } }), {
      from: 'b',
      method: 'tools/call',
      params: { name: 'x', arguments: { n: 1 } },
    })
    assert.deepEqual((await ask('prompts/get', { name: 'a_greet' }))['params'], { name: 'greet' })
    assert.equal((await ask('resources/read', { uri: 'b://one' }))['from'], 'b')
    assert.equal((await ask('resources/read', { uri: 'a://item/7' }))['from'], 'a')
    assert.equal((await ask('resources/read', { uri: 'b://linked/only' }))['from'], 'b')
    const ref = { type: 'ref/prompt', name: 'b_greet' }
    assert.deepEqual((await ask('completion/complete', { ref, argument: {} }))['params'], {
      ref: { type: 'ref/prompt', name: 'greet' },
      argument: {},
    })
  })

  it('says what is unknown', async () => {
    await using t = await setUp(two())
    const ask = (method: string, params: JsonObject) =>
      errorOf(t.gateway.call(modern(method, params)))
    assert.deepEqual(await ask('tools/call', { name: 'x' }), {
      code: -32602,
      message: 'Unknown tool: x',
    })
    assert.equal((await ask('tools/call', { name: 7 })).code, -32602)
    assert.equal((await ask('prompts/get', { name: 'greet' })).code, -32602)
    assert.equal((await ask('resources/read', { uri: 'c://one' })).code, -32002)
    assert.equal(
      (await ask('completion/complete', { ref: { type: 'ref/prompt', name: '?' } })).code,
      -32602,
    )
    assert.equal((await ask('tools/list', { cursor: 'forged' })).code, -32602)
    assert.equal((await ask('no/such', {})).code, -32601)
    assert.equal((await ask('__proto__', {})).code, -32601)
  })

  it('waits for a backend that has not answered yet before a tool is unknown', async () => {
    const fakes = two()
    const slow = fakes.b.answer
    fakes.b.answer = async (request, connection) => {
      if (request.method === 'tools/list') await new Promise((resolve) => setTimeout(resolve, 150))
      return slow(request, connection)
    }
    await using t = await setUp(fakes)
    assert.equal(
      (await resultOf(t.gateway.call(modern('tools/call', { name: 'b_x' }))))['from'],
      'b',
    )
  })

  it('tells sessions and listeners of changes, once for many', async () => {
    const fakes = two()
    await using t = await setUp(fakes)
    const { told } = await listening(t.gateway)
    const heard: string[] = []
    const listener = await t.gateway.listen({
      filter: { toolsListChanged: true },
      client: MODERN_CLIENT,
      principal: ANONYMOUS,
      sink: (method) => void heard.push(method),
      onEnd() {},
    })
    assert.deepEqual(listener.honoured, { toolsListChanged: true })
    fakes.b.answer = answering('b', ['x', 'new'])
    for (let i = 0; i < 3; i++) {
      fakes.b.connections[0]!.events.onNotification('notifications/tools/list_changed', {})
      fakes.b.connections[0]!.events.onNotification('notifications/prompts/list_changed', {})
    }
    await until(() => told.length >= 2)
    assert.deepEqual(told, [
      'notifications/tools/list_changed',
      'notifications/prompts/list_changed',
    ])
    assert.deepEqual(heard, ['notifications/tools/list_changed'])
    assert.ok(
      names(await resultOf(t.gateway.call(modern('tools/list'))), 'tools').includes('b_new'),
    )
    listener.stop()
  })

  it('follows a resource for sessions and listeners together, upstream once, and stops with the last', async () => {
    const fakes = two()
    await using t = await setUp(fakes)
    const { session, told } = await listening(t.gateway)
    const subscribe = (method: string) =>
      resultOf(
        t.gateway.call(
          makeCall({ method, params: { uri: 'a://one' }, client: LEGACY_CLIENT, session }),
        ),
      )
    await subscribe('resources/subscribe')
    await subscribe('resources/subscribe')
    const heard: string[] = []
    const listener = await t.gateway.listen({
      filter: { resourceSubscriptions: ['a://one', 'a://linked/only', 'c://unknown'] },
      client: MODERN_CLIENT,
      principal: ANONYMOUS,
      sink: (method) => void heard.push(method),
      onEnd() {},
    })
    assert.deepEqual(listener.honoured, { resourceSubscriptions: ['a://one', 'a://linked/only'] })
    const upstream = fakes.a.connections[0]!
    upstream.events.onNotification('notifications/resources/updated', { uri: 'a://one' })
    upstream.events.onNotification('notifications/resources/updated', { uri: 'a://other' })
    assert.deepEqual(told, ['notifications/resources/updated "a://one"'])
    assert.deepEqual(heard, ['notifications/resources/updated'])
    const unsubscribed = () =>
      upstream.requests.filter(
        ({ method, params }) => method === 'resources/unsubscribe' && params?.['uri'] === 'a://one',
      ).length
    listener.stop()
    assert.equal(unsubscribed(), 0)
    await t.gateway.sessions.end(session, 'test')
    await until(() => unsubscribed() === 1)
  })

  it('stops following what a session subscribed to that ended meanwhile', async () => {
    const { a } = two()
    await using t = await setUp({ a })
    const { session } = await listening(t.gateway)
    const call = makeCall({
      method: 'resources/subscribe',
      params: { uri: 'a://one' },
      session,
      client: session.client,
    })
    const subscribed = t.gateway.call(call)
    call.cancellation.cancel('the session has ended')
    await t.gateway.sessions.end(session, 'test')
    await subscribed
    const { requests } = a.connections[0]!
    await until(() => requests.some((each) => each.method === 'resources/unsubscribe'))
  })

  it('binds task ids to backend and principal', async () => {
    const fakes = two()
    fakes.a.answer = (request) =>
      request.method.startsWith('tasks/')
        ? resultReply({ ...request.params })
        : answering('a', ['x'], {})(request)
    await using t = await setUp(fakes)
    const extensions = { 'io.modelcontextprotocol/tasks': {} }
    const client = { ...MODERN_CLIENT, capabilities: { extensions } }
    const refused = await errorOf(t.gateway.call(modern('tasks/get', { taskId: 'x' })))
    assert.equal(refused.code, -32021)
    const unknown = await errorOf(
      t.gateway.call(modern('tasks/get', { taskId: 'a.forged.t1' }, { client })),
    )
    assert.equal(unknown.code, -32602)
  })

  it('lists the tasks of all backends to their end, though one does not answer', async () => {
    const capabilities = { ...ALL, tasks: { list: {} } }
    const rest = { status: 'working', createdAt: 'now', lastUpdatedAt: 'now', ttl: null }
    const [a, b] = [createFakeBackend({ capabilities }), createFakeBackend({ capabilities })]
    a.answer = (request) => {
      if (request.method !== 'tasks/list') return answering('a', ['x'])(request)
      return request.params?.['cursor'] === 'two'
        ? resultReply({ tasks: [{ taskId: 't2', ...rest }] })
        : resultReply({ tasks: [{ taskId: 't1', ...rest }], nextCursor: 'two' })
    }
    b.answer = (request) =>
      request.method === 'tasks/list'
        ? Promise.reject(mcpErrors.BACKEND_GONE({ backend: 'b', reason: 'test', ran: 'unknown' }))
        : answering('b', ['x'])(request)
    await using t = await setUp({ a, b })
    const list = () => resultOf(t.gateway.call(makeCall({ method: 'tasks/list' })))
    const tasks = names(await list(), 'tasks', 'taskId')
    assert.deepEqual(
      tasks.map((id) => String(id).replace(/\..*\./, '.')),
      ['a.t1', 'a.t2'],
    )
    a.answer = b.answer
    await assert.rejects(list(), { code: 'MCP_BACKEND_GONE' })
  })

  it('waits for the end of a task without counting silence, but not for what answers at once', async () => {
    const fakes = two()
    fakes.a.answer = (request) =>
      request.params?.['task'] === undefined
        ? answering('a', ['x'])(request)
        : resultReply({ task: { taskId: 't1' } })
    await using t = await setUp({ a: fakes.a })
    const start = makeCall({ params: { name: 'a_x', task: {} } })
    const made = await t.gateway.call(start)
    assert.ok(made.kind === 'result')
    const { taskId } = made.result['task'] as { taskId: string }
    for (const method of ['tasks/get', 'tasks/result']) {
      await t.gateway.call(makeCall({ method, params: { taskId } }))
    }
    const { timeoutsFor } = t.gateway.backends.get('a')!
    const sent = fakes.a.connections[0]!.requests.slice(-2)
    assert.deepEqual(
      sent.map(({ timeouts }) => timeouts),
      [timeoutsFor(), { ...timeoutsFor(), idleMs: 0 }],
    )
    assert.notEqual(timeoutsFor().absoluteMs, 0)
  })

  it('takes another configuration without touching what did not change', async () => {
    const fakes: Record<string, FakeBackend> = { ...two(), c: createFakeBackend() }
    fakes['c']!.answer = answering('c', ['z'])
    const { a, b } = fakes
    await using t = await setUp({ a: a!, b: b!, c: fakes['c']! })
    const { told } = await listening(t.gateway)
    t.gateway.reconfigure(
      t.settings(['a', 'c'], { ...PREFIX, tools: [{ workload: 'a', filter: ['x'] }] }),
    )
    assert.deepEqual(names(await resultOf(t.gateway.call(modern('tools/list'))), 'tools'), [
      'a_x',
      'c_z',
    ])
    assert.equal(a!.connections.length, 1)
    assert.equal(a!.connections[0]!.closed, false)
    assert.equal(b!.connections[0]!.closed, true)
    assert.ok(told.includes('notifications/tools/list_changed'))
  })

  it('ends listeners and connections when it closes', async () => {
    const fakes = two()
    const t = await setUp(fakes)
    let ended = false
    await t.gateway.listen({
      filter: {},
      client: MODERN_CLIENT,
      principal: ANONYMOUS,
      sink() {},
      onEnd: () => void (ended = true),
    })
    await t.gateway.close()
    assert.equal(ended, true)
    assert.equal(fakes.a.connections[0]!.closed, true)
  })
})
