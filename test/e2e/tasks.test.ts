import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createRequire } from 'node:module'
import { behindGateway, textOf } from '../support/behind-gateway.ts'
import { startFixture, type FixtureBackend, type FixtureVariant } from '../support/fixture.ts'
import { gatewayConfig, startGateway, type Gateway } from '../support/gateway.ts'
import {
  openSession,
  readEvents,
  sendModern,
  type RawMessage,
  type RawReply,
} from '../support/raw-mcp.ts'
import { until } from '../support/until.ts'

const TASKS = 'io.modelcontextprotocol/tasks'
const WITH_TASKS = { elicitation: {}, sampling: {}, extensions: { [TASKS]: {} } }

const EVERYTHING = {
  transport: 'stdio',
  command: process.execPath,
  args: [
    createRequire(import.meta.url).resolve('@modelcontextprotocol/server-everything/dist/index.js'),
    'stdio',
  ],
}

describe('tasks of two 2026-07-28 backends', () => {
  const fixtures: FixtureBackend[] = []
  let gateway: Gateway | undefined
  before(async () => {
    const variants: FixtureVariant[] = ['http-modern', 'stdio-modern']
    for (const variant of variants) fixtures.push(await startFixture(variant))
    const [one, two] = fixtures
    gateway = await startGateway(
      gatewayConfig(
        { one: one?.entry ?? {}, two: two?.entry ?? {} },
        {
          aggregation: {
            conflictResolution: 'prefix',
            conflictResolutionConfig: { prefixFormat: '{workload}_' },
          },
        },
      ),
    )
    await until('both backends in the list', async () => {
      const { response } = await send('tools/list')
      const names = JSON.stringify(response.result)
      return names.includes('one_slow_compute') && names.includes('two_slow_compute')
        ? true
        : undefined
    })
  })
  after(async () => {
    await gateway?.[Symbol.asyncDispose]()
    for (const fixture of fixtures) await fixture[Symbol.asyncDispose]()
  })
  const send = (method: string, params: Record<string, unknown> = {}): Promise<RawReply> =>
    sendModern(gateway?.url ?? '', method, params, { capabilities: WITH_TASKS })
  const start = async (name: string, args: Record<string, unknown> = {}): Promise<string> => {
    const { response } = await send('tools/call', { name, arguments: args })
    assert.equal(response.result?.['resultType'], 'task', JSON.stringify(response))
    return String(response.result['taskId'])
  }
  const reach = (taskId: string, status: string) =>
    until(`${taskId} to be ${status}`, async () => {
      const { response } = await send('tasks/get', { taskId })
      assert.equal(response.result?.['taskId'], taskId, JSON.stringify(response))
      return response.result['status'] === status ? response.result : undefined
    })

  it('are announced as an extension', async () => {
    const { response } = await send('server/discover')
    assert.match(JSON.stringify(response.result?.['capabilities']), new RegExp(TASKS))
  })

  for (const backend of ['one', 'two']) {
    it(`of ${backend} run to their result under an id of the gateway`, async () => {
      const taskId = await start(`${backend}_slow_compute`, { seconds: 0.3, label: backend })
      const done = await reach(taskId, 'completed')
      assert.equal(textOf(done['result'] as object), `Computed ${backend}`)
    })

    it(`of ${backend} can be cancelled`, async () => {
      const taskId = await start(`${backend}_slow_compute`, { seconds: 60, label: 'long' })
      const { response } = await send('tasks/cancel', { taskId })
      assert.equal(response.result?.['resultType'], 'complete')
      await reach(taskId, 'cancelled')
    })

    it(`of ${backend} ask and go on with the answer`, async () => {
      const taskId = await start(`${backend}_confirm_delete`, { filename: 'a.txt' })
      const asking = await reach(taskId, 'input_required')
      const keys = Object.keys(asking['inputRequests'] as object)
      assert.equal(keys.length, 1)
      const answer = { action: 'accept', content: { confirm: true } }
      await send('tasks/update', { taskId, inputResponses: { [String(keys[0])]: answer } })
      const done = await reach(taskId, 'completed')
      assert.equal(textOf(done['result'] as object), 'Deleted it')
    })

    it(`of ${backend} may begin with a question of the call`, async () => {
      const call = { name: `${backend}_test_tool_with_task`, arguments: {} }
      const { response: asked } = await send('tools/call', call)
      assert.equal(asked.result?.['resultType'], 'input_required', JSON.stringify(asked))
      const state = asked.result['requestState']
      const keys = Object.keys(asked.result['inputRequests'] as object)
      const { response } = await send('tools/call', {
        ...call,
        inputResponses: { [String(keys[0])]: { action: 'accept', content: { name: 'Ada' } } },
        ...(state === undefined ? {} : { requestState: state }),
      })
      assert.equal(response.result?.['resultType'], 'task', JSON.stringify(response))
      const done = await reach(String(response.result['taskId']), 'completed')
      assert.equal(textOf(done['result'] as object), 'Hello, Ada!')
    })
  }

  it('have different ids although both backends count alike', async () => {
    const ids = await Promise.all(
      ['one', 'two', 'one', 'two'].map((backend) => start(`${backend}_failing_job`)),
    )
    assert.equal(new Set(ids).size, 4)
  })

  it('are unknown by an id nobody was given', async () => {
    const { response } = await send('tasks/get', { taskId: 'one.nothing' })
    assert.equal(response.error?.code, -32602)
  })

  it('are not made for a client without the extension', async () => {
    const { response } = await sendModern(gateway?.url ?? '', 'tools/call', {
      name: 'one_slow_compute',
      arguments: { seconds: 0, label: 'now' },
    })
    assert.equal(response.result?.['resultType'], 'complete')
  })
})

describe('tasks of a legacy backend (2025-11-25, experimental)', () => {
  let gateway: Gateway | undefined
  before(async () => {
    gateway = await startGateway(
      gatewayConfig({
        // Silence of a second, which is shorter than the tasks of this server.
        everything: { ...EVERYTHING, timeouts: { idle: '1s' } },
      }),
    )
  })
  after(() => gateway?.[Symbol.asyncDispose]())

  it('pass through for a legacy client', async () => {
    const session = await openSession(gateway?.url ?? '', {
      capabilities: { tasks: { requests: { tools: { call: {} } } } },
    })
    const { response } = await session.send('tools/call', {
      name: 'simulate-research-query',
      arguments: { topic: 'gateways' },
      task: { ttl: 60_000 },
    })
    const task = response.result?.['task'] as { taskId: string } | undefined
    assert.ok(task, JSON.stringify(response))
    await until(
      'the task to complete',
      async () => {
        const { response: got } = await session.send('tasks/get', { taskId: task.taskId })
        assert.equal(got.result?.['taskId'], task.taskId, JSON.stringify(got))
        return got.result['status'] === 'completed' ? true : undefined
      },
      20_000,
    )
    const { response: payload } = await session.send('tasks/result', { taskId: task.taskId })
    assert.match(textOf(payload.result ?? {}), /gateways/)
  })

  it('are waited for as long as they take', async () => {
    const session = await openSession(gateway?.url ?? '')
    const { response } = await session.send('tools/call', {
      name: 'simulate-research-query',
      arguments: { topic: 'patience' },
      task: { ttl: 60_000 },
    })
    const { taskId } = response.result?.['task'] as { taskId: string }
    const { response: payload } = await session.send('tasks/result', { taskId })
    assert.match(textOf(payload.result ?? {}), /patience/, JSON.stringify(payload))
  })

  it('ask about themselves by the id that the client knows', async () => {
    const session = await openSession(gateway?.url ?? '', { capabilities: { elicitation: {} } })
    const { response } = await session.send('tools/call', {
      name: 'simulate-research-query',
      arguments: { topic: 'snakes', ambiguous: true },
      task: { ttl: 60_000 },
    })
    const { taskId } = response.result?.['task'] as { taskId: string }
    const messages: RawMessage[] = []
    for await (const { data } of readEvents(await session.open('tasks/result', { taskId }))) {
      if (data === '') continue
      const message = JSON.parse(data) as RawMessage
      messages.push(message)
      if (message.method !== 'elicitation/create') continue
      const content = { interpretation: 'historical' }
      await session.respond(message.id, { action: 'accept', content, _meta: aboutTask(taskId) })
    }
    const [question, payload] = messages
    assert.deepEqual(question?.params?.['_meta'], aboutTask(taskId), JSON.stringify(question))
    assert.match(textOf(payload?.result ?? {}), /Clarification\*\*: historical/)
    assert.deepEqual(payload?.result?.['_meta'], aboutTask(taskId))
  })
})

describe('a legacy backend’s tool that runs only as a task (2025-11-25, taskSupport: required)', () => {
  let gateway: Gateway | undefined
  before(async () => {
    gateway = await startGateway(gatewayConfig({ everything: EVERYTHING }))
  })
  after(() => gateway?.[Symbol.asyncDispose]())
  const call = { name: 'simulate-research-query', arguments: { topic: 'snakes', ambiguous: true } }

  it('answers a client of 2025-06-18 like any other tool', async () => {
    const session = await openSession(gateway?.url ?? '', { version: '2025-06-18' })
    const { response } = await session.send('tools/call', call)
    assert.match(textOf(response.result ?? {}), /Topic\*\*: snakes/, JSON.stringify(response))
    assert.equal(response.result?.['_meta'], undefined)
  })

  it('asks and answers a client of 2026-07-28 like any other tool', async () => {
    const capabilities = { elicitation: {} }
    const send = (more: Record<string, unknown> = {}) =>
      sendModern(gateway?.url ?? '', 'tools/call', { ...call, ...more }, { capabilities })
    const { response: asking } = await send()
    assert.equal(asking.result?.['resultType'], 'input_required', JSON.stringify(asking))
    const [key] = Object.keys(asking.result['inputRequests'] as object)
    const { response } = await send({
      inputResponses: {
        [String(key)]: { action: 'accept', content: { interpretation: 'historical' } },
      },
      requestState: asking.result['requestState'],
    })
    assert.equal(response.result?.['resultType'], 'complete')
    assert.match(textOf(response.result ?? {}), /Clarification\*\*: historical/)
  })

  it('tells a client of 2026-07-28 that cannot answer what it asks for', async () => {
    const { response } = await sendModern(gateway?.url ?? '', 'tools/call', call)
    assert.equal(response.error?.code, -32021, JSON.stringify(response))
  })
})

function aboutTask(taskId: string) {
  return { 'io.modelcontextprotocol/related-task': { taskId } }
}

describe('tasks across eras', () => {
  const gateway = behindGateway('http-legacy')

  it('are not announced in front of a legacy backend, whose tools answer at once', async () => {
    const { response } = await sendModern(gateway().url, 'server/discover')
    assert.doesNotMatch(JSON.stringify(response.result?.['capabilities']), new RegExp(TASKS))
    const call = { name: 'slow_compute', arguments: { seconds: 0, label: 'now' } }
    const { response: done } = await sendModern(gateway().url, 'tools/call', call, {
      capabilities: WITH_TASKS,
    })
    assert.equal(textOf(done.result ?? {}), 'Computed now')
  })
})
