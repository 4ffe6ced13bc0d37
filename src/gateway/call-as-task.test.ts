import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { BackendRequest } from '../mcp/backend-connection.ts'
import type { Call } from '../mcp/call.ts'
import { ANONYMOUS } from '../mcp/caller.ts'
import { mcpErrors } from '../mcp/errors.ts'
import { errorReply, resultReply, type Reply } from '../mcp/reply.ts'
import { InnerCall } from './inner-call.ts'
import { LEGACY_CLIENT, makeCall, MODERN_CLIENT } from './testing/fake-backend.ts'
import {
  answerOf,
  gatewayWithSource,
  type WithSourceOptions,
} from './testing/gateway-with-source.ts'

const RELATED = 'io.modelcontextprotocol/related-task'
const ABOUT = { [RELATED]: { taskId: 't1' } }
const DONE = resultReply({ content: [], _meta: { ...ABOUT, vendor: 1 } })

/** A gateway whose backend runs `list` only as a task; `result` answers `tasks/result`. */
async function setUp(
  result: (request: BackendRequest) => Reply | Promise<Reply>,
  options: WithSourceOptions = {},
) {
  const sent: BackendRequest[] = []
  const t = await gatewayWithSource({
    capabilities: { tools: {}, tasks: { cancel: {}, requests: { tools: { call: {} } } } },
    members: { execution: { taskSupport: 'required', other: 1 } },
    async answer(request) {
      sent.push(request)
      if (request.method === 'tools/call') return resultReply({ task: { taskId: 't1' } })
      return request.method === 'tasks/result' ? result(request) : resultReply({})
    },
    ...options,
  })
  return {
    ...t,
    methods: () => sent.map(({ method }) => method),
    sent,
    call: (changes: Partial<Call> = {}) =>
      t.gateway.call(makeCall({ params: { name: 'calc_list', arguments: {} }, ...changes })),
  }
}

/** Answers only by being cancelled. */
function never({ cancellation }: BackendRequest): Promise<Reply> {
  return new Promise((_, reject) => {
    cancellation.onCancel((reason) => reject(mcpErrors.CALL_CANCELLED({ reason, ran: 'unknown' })))
  })
}

describe('a tool that its backend runs only as a task', () => {
  for (const client of [
    LEGACY_CLIENT,
    { ...LEGACY_CLIENT, version: '2025-06-18' as const },
    MODERN_CLIENT,
  ]) {
    it(`answers a plain call of ${client.version} with its plain result`, async () => {
      await using t = await setUp(() => DONE)
      assert.deepEqual(await answerOf(t.call({ client })), { content: [], _meta: { vendor: 1 } })
      assert.deepEqual(t.methods(), ['tools/call', 'tasks/result'])
      const [made, waited] = t.sent
      assert.deepEqual(made?.params, { name: 'list', arguments: {}, task: { ttl: 3_600_000 } })
      assert.deepEqual(waited?.params, { taskId: 't1' })
      assert.equal(waited?.timeouts.idleMs, 0)
    })
  }

  it('is listed as one that may be called either way', async () => {
    await using t = await setUp(() => DONE)
    const listed = (await answerOf(t.gateway.call(makeCall({ method: 'tools/list' })))) as {
      tools: { name: string; execution?: object }[]
    }
    const tool = listed.tools.find(({ name }) => name === 'calc_list')
    assert.deepEqual(tool?.execution, { taskSupport: 'optional', other: 1 })
  })

  it('gives its task to a client that asks for one', async () => {
    await using t = await setUp(() => DONE)
    const params = { name: 'calc_list', task: { ttl: 5 } }
    const made = (await answerOf(t.call({ params }))) as { task: { taskId: string } }
    assert.match(made.task.taskId, /^calc\..*\.t1$/)
    assert.deepEqual(t.methods(), ['tools/call'])
    assert.deepEqual(t.sent[0]?.params, { name: 'list', task: { ttl: 5 } })
  })

  it('can be the step of a run', async () => {
    await using t = await setUp(() => DONE, { operational: { concurrency: { perBackend: 1 } } })
    const step = new InnerCall({
      caller: { principal: ANONYMOUS, client: MODERN_CLIENT },
      origin: { workflow: 'w', run: 'r1', step: 's' },
      tool: 'calc_list',
      arguments: {},
      cancellation: makeCall().cancellation,
      ask: () => Promise.reject(new Error('nobody to ask')),
      notify() {},
    })
    assert.deepEqual(await answerOf(t.host.answer(step)), { content: [], _meta: { vendor: 1 } })
  })

  it('asks and reports as a plain tool does, and hears of its task in the answers', async () => {
    const heard: unknown[] = []
    await using t = await setUp(async (request) => {
      request.onNotification?.('notifications/progress', { progress: 1, _meta: ABOUT })
      const params = { message: 'm', _meta: { ...ABOUT, vendor: 1 } }
      heard.push(await request.onQuestion?.({ method: 'elicitation/create', params }))
      return DONE
    })
    const toClient: unknown[] = []
    await t.call({
      notify: (_method, params) => void toClient.push(params),
      async ask(requests) {
        toClient.push(...Object.values(requests).map(({ params }) => params))
        return Object.fromEntries(Object.keys(requests).map((key) => [key, { action: 'accept' }]))
      },
    })
    assert.deepEqual(toClient, [{ progress: 1 }, { message: 'm', _meta: { vendor: 1 } }])
    assert.deepEqual(heard, [{ action: 'accept', _meta: ABOUT }])
  })

  it('cancels its task with the call', async () => {
    await using t = await setUp(never)
    const call = makeCall({ params: { name: 'calc_list' } })
    const replied = t.gateway.call(call)
    while (!t.methods().includes('tasks/result')) await turn()
    call.cancellation.cancel('not wanted')
    await assert.rejects(replied, { code: 'MCP_CALL_CANCELLED' })
    assert.deepEqual(t.methods(), ['tools/call', 'tasks/result', 'tasks/cancel'])
    assert.deepEqual(t.sent[2]?.params, { taskId: 't1' })
  })

  it('cancels a task that was not yet made when its call was cancelled', async () => {
    const { promise: made, resolve: make } = Promise.withResolvers<void>()
    const methods: string[] = []
    await using t = await setUp(() => DONE, {
      async answer({ method, cancellation }) {
        methods.push(method)
        if (method !== 'tools/call') return resultReply({})
        await made
        assert.equal(cancellation.cancelled, false)
        return resultReply({ task: { taskId: 't1' } })
      },
    })
    const call = makeCall({ params: { name: 'calc_list' } })
    const replied = t.gateway.call(call)
    while (methods.length === 0) await turn()
    call.cancellation.cancel('not wanted')
    make()
    await assert.rejects(replied, { code: 'MCP_CALL_CANCELLED' })
    assert.deepEqual(methods, ['tools/call', 'tasks/cancel'])
  })

  it('cancels its task where a modern client cannot answer its question', async () => {
    const refusal = mcpErrors.CLIENT_CANNOT_ANSWER({
      method: 'elicitation/create',
      reason: 'not declared',
      requiredCapabilities: { elicitation: {} },
    })
    await using t = await setUp(async (request) => {
      void request.onQuestion?.({ method: 'elicitation/create', params: {} }).catch(() => {})
      return never(request)
    })
    const replied = t.call({ client: MODERN_CLIENT, ask: () => Promise.reject(refusal) })
    await assert.rejects(replied, { code: 'MCP_CLIENT_CANNOT_ANSWER' })
    assert.equal(t.methods().at(-1), 'tasks/cancel')
  })

  it('leaves alone a task that went with its process', async () => {
    await using t = await setUp(() => {
      throw mcpErrors.BACKEND_SESSION_LOST({ backend: 'calc', reason: 'exit', ran: 'unknown' })
    })
    await assert.rejects(t.call(), { code: 'MCP_BACKEND_SESSION_LOST' })
    assert.ok(!t.methods().includes('tasks/cancel'))
  })

  it('passes on what the backend says instead of making a task, and how the task failed', async () => {
    const refused = errorReply(-32602, 'no such argument')
    await using t = await setUp(() => errorReply(-32603, 'it failed'))
    assert.equal(await answerOf(t.call()), 'it failed')
    await using other = await setUp(() => DONE, { answer: () => refused })
    assert.equal(await answerOf(other.call()), 'no such argument')
  })

  it('asks nobody to go to urls for a task that has failed, which would not run again', async () => {
    const elicitations = [
      { mode: 'url', elicitationId: '1', url: 'https://a.example/', message: 'm' },
    ]
    await using t = await setUp(() => errorReply(-32042, 'go there', { elicitations }))
    const ask = () => Promise.reject(new Error('asked'))
    assert.match(String(await answerOf(t.call({ client: MODERN_CLIENT, ask }))), /go there/)
    assert.deepEqual(t.methods(), ['tools/call', 'tasks/result'])
  })

  it('is called plainly where the backend declares no tasks, whatever the tool says', async () => {
    await using t = await setUp(() => DONE, { capabilities: { tools: {} } })
    await t.call()
    assert.deepEqual(t.sent[0]?.params, { name: 'list', arguments: {} })
  })
})
