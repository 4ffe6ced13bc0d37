import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Cancellation } from '../base/cancellation.ts'
import type { Json } from '../base/json.ts'
import type { Call } from '../mcp/call.ts'
import { ANONYMOUS } from '../mcp/caller.ts'
import { mcpErrors } from '../mcp/errors.ts'
import type { InputRequests } from '../mcp/messages.ts'
import type { Reply } from '../mcp/reply.ts'
import { errorReply, resultReply } from '../mcp/reply.ts'
import type { Backend } from './backend.ts'
import { callBackend as callWith, type RoutedRequest } from './call-backend.ts'
import { createTaskIds } from './task-ids.ts'
import {
  createFakeBackend,
  LEGACY_CLIENT,
  makeCall,
  MODERN_CLIENT,
  type FakeBackend,
} from './testing/fake-backend.ts'

const REQUEST = { method: 'tools/call', params: { name: 't' } }
const DONE = resultReply({ content: [] })

const IDS = createTaskIds(Buffer.alloc(32))

function callBackend(backend: Backend, call: Call, request: RoutedRequest): Promise<Reply> {
  return callWith(backend, call, request, IDS)
}

/** Only what `callBackend` uses of a backend: one connection, opened anew when dropped. */
async function backendOf(fake: FakeBackend) {
  const events = {
    onNotification() {},
    onQuestion: () => Promise.reject(new Error('no')),
    onClose() {},
  }
  const open = () => fake.connect({ capabilities: {}, events, openStream: false })
  let current = await open()
  return {
    name: 'fake',
    calls: { count: 0 },
    timeoutsFor: () => ({ connectMs: 1, idleMs: 1, absoluteMs: 1 }),
    connectionFor: () => current,
    async raiseLogLevel(_call: unknown, level: string) {
      await current.request({
        method: 'logging/setLevel',
        params: { level },
        capabilities: {},
        wantsProgress: false,
        cancellation: new Cancellation(),
        timeouts: { idleMs: 0, absoluteMs: 0 },
      })
    },
    drop() {
      void open().then((made) => (current = made))
    },
  } as unknown as Backend
}

const INPUT: Reply = {
  kind: 'input',
  requests: { name: { method: 'elicitation/create', params: {} } },
  state: 's1',
}

describe('callBackend()', () => {
  it('hands a question of a modern backend to a modern client as it is', async () => {
    const fake = createFakeBackend({ era: 'modern' })
    fake.answer = () => INPUT
    const reply = await callBackend(
      await backendOf(fake),
      makeCall({ client: MODERN_CLIENT }),
      REQUEST,
    )
    assert.equal(reply, INPUT)
  })

  it('passes the answers of a retry on to a modern backend', async () => {
    const fake = createFakeBackend({ era: 'modern' })
    fake.answer = () => DONE
    const retry = { answers: { name: { action: 'accept' } }, state: 's1' }
    await callBackend(await backendOf(fake), makeCall({ client: MODERN_CLIENT, retry }), REQUEST)
    assert.deepEqual(fake.connections[0]?.requests[0]?.retry, retry)
  })

  it('goes the rounds of a modern backend with a legacy client, with answers and the exact state', async () => {
    const fake = createFakeBackend({ era: 'modern' })
    fake.answer = (request) => (request.retry === undefined ? INPUT : DONE)
    const call = makeCall({
      client: LEGACY_CLIENT,
      ask: async () => ({ name: { action: 'accept' } }),
    })
    assert.equal(await callBackend(await backendOf(fake), call, REQUEST), DONE)
    assert.deepEqual(fake.connections[0]?.requests[1]?.retry, {
      answers: { name: { action: 'accept' } },
      state: 's1',
    })
  })

  it('retries at once where the backend only wants to be called again', async () => {
    const fake = createFakeBackend({ era: 'modern' })
    fake.answer = (request) =>
      request.retry === undefined ? { kind: 'input', state: 'again' } : DONE
    assert.equal(await callBackend(await backendOf(fake), makeCall(), REQUEST), DONE)
    assert.deepEqual(fake.connections[0]?.requests[1]?.retry, { state: 'again' })
  })

  it('stops asking a legacy client after ten rounds', async () => {
    const fake = createFakeBackend({ era: 'modern' })
    fake.answer = () => INPUT
    const call = makeCall({ ask: async () => ({ name: { action: 'accept' } }) })
    await assert.rejects(callBackend(await backendOf(fake), call, REQUEST), {
      code: 'GATEWAY_TOO_MANY_ROUNDS',
    })
  })

  it('tells modern clients of a missing method of the backend otherwise than of one of the gateway', async () => {
    const fake = createFakeBackend()
    const backend = await backendOf(fake)
    const codeFor = async (client: typeof MODERN_CLIENT) => {
      const reply = await callBackend(backend, makeCall({ client }), REQUEST)
      return reply.kind === 'error' ? reply.error.code : undefined
    }
    assert.equal(await codeFor(MODERN_CLIENT), -31000)
    assert.equal(await codeFor(LEGACY_CLIENT), -32601)
  })

  describe('with a legacy backend that wants something done at urls first', () => {
    const elicitations = [
      { mode: 'url', elicitationId: 'e1', url: 'https://a.example/connect', message: 'Connect A' },
      { url: 'https://b.example/' },
      'junk',
    ]
    const refusing = (data: Json) => errorReply(-32042, 'Sign in first', data)

    it('asks a modern client, then sends the call again', async () => {
      const fake = createFakeBackend()
      fake.answer = () =>
        fake.connections[0]?.requests.length === 1 ? refusing({ elicitations }) : DONE
      const asked: InputRequests[] = []
      const call = makeCall({
        client: MODERN_CLIENT,
        ask: async (requests) => {
          asked.push(requests)
          return { 'url-1': { action: 'accept' }, 'url-2': { action: 'accept' } }
        },
      })
      assert.equal(await callBackend(await backendOf(fake), call, REQUEST), DONE)
      const method = 'elicitation/create'
      const second = { mode: 'url', url: 'https://b.example/', message: 'Sign in first' }
      assert.deepEqual(asked, [
        {
          'url-1': { method, params: elicitations[0] },
          'url-2': { method, params: second },
        },
      ])
      assert.equal(fake.connections[0]?.requests.length, 2)
    })

    it('tells a modern client that did not go there, or is told of no url, what the backend said', async () => {
      const fake = createFakeBackend()
      const client = MODERN_CLIENT
      for (const data of [{ elicitations }, {}, { elicitations: [{}] }]) {
        fake.answer = () => refusing(data)
        const ask = async () => ({ 'url-1': { action: 'accept' }, 'url-2': { action: 'decline' } })
        const reply = await callBackend(await backendOf(fake), makeCall({ client, ask }), REQUEST)
        assert.ok(reply.kind === 'error')
        assert.match(reply.error.message, /error -32042: Sign in first/)
        assert.equal(reply.error.code, -31000)
      }
    })

    it('asks a modern client no more than ten times', async () => {
      const fake = createFakeBackend()
      fake.answer = () => refusing({ elicitations })
      const call = makeCall({ client: MODERN_CLIENT, ask: async () => ({}) })
      await assert.rejects(callBackend(await backendOf(fake), call, REQUEST), {
        code: 'GATEWAY_TOO_MANY_ROUNDS',
      })
    })

    it('passes its error on to a legacy client, which knows it', async () => {
      const fake = createFakeBackend()
      fake.answer = () => refusing({ elicitations })
      const reply = await callBackend(await backendOf(fake), makeCall(), REQUEST)
      assert.deepEqual(reply, refusing({ elicitations }))
    })
  })

  it('asks a modern client what a legacy backend asks in the middle of a call', async () => {
    const fake = createFakeBackend()
    fake.answer = async (request) => {
      const answer = await request.onQuestion?.({
        method: 'elicitation/create',
        params: { message: 'm' },
      })
      return resultReply({ answer: answer ?? null })
    }
    const call = makeCall({
      client: MODERN_CLIENT,
      ask: async (requests) =>
        Object.fromEntries(Object.keys(requests).map((key) => [key, { key }])),
    })
    assert.deepEqual(
      await callBackend(await backendOf(fake), call, REQUEST),
      resultReply({ answer: { key: 'elicitation-1' } }),
    )
  })

  it('names a task to the client as the client knows it, and to the backend as that does', async () => {
    const KEY = 'io.modelcontextprotocol/related-task'
    const about = (taskId: string) => ({ _meta: { [KEY]: { taskId }, vendor: 1 } })
    const toBackend: unknown[] = []
    const fake = createFakeBackend()
    fake.answer = async (request) => {
      toBackend.push(request.params)
      request.onNotification?.('notifications/progress', { progress: 1, ...about('native') })
      const question = { method: 'elicitation/create', params: about('native') } as const
      toBackend.push(await request.onQuestion?.(question))
      return DONE
    }
    for (const client of [LEGACY_CLIENT, MODERN_CLIENT]) {
      const seen = about(IDS.toClient('fake', 'native', ANONYMOUS))
      const toClient: unknown[] = []
      const call = makeCall({
        client,
        notify: (_method, params) => void toClient.push(params),
        async ask(requests) {
          return Object.fromEntries(
            Object.entries(requests).map(([key, { params }]) => {
              toClient.push(params)
              return [key, { action: 'decline', ...seen }]
            }),
          )
        },
      })
      toBackend.length = 0
      const request = { method: 'tasks/result', params: { taskId: 'native', ...seen } }
      await callBackend(await backendOf(fake), call, request)
      assert.deepEqual(toClient, [{ progress: 1, ...seen }, seen])
      assert.deepEqual(toBackend, [
        { taskId: 'native', ...about('native') },
        { action: 'decline', ...about('native') },
      ])
    }
  })

  it('has a legacy backend send the log lines that a modern client asks for with its call', async () => {
    const fake = createFakeBackend()
    fake.answer = () => DONE
    const client = { ...MODERN_CLIENT, logLevel: 'debug' as const }
    await callBackend(await backendOf(fake), makeCall({ client }), REQUEST)
    assert.deepEqual(
      fake.connections[0]?.requests.map(({ method }) => method),
      ['logging/setLevel', 'tools/call'],
    )
  })

  it('ends the call with the refusal where a modern client did not declare what the backend asks for', async () => {
    const fake = createFakeBackend()
    let cancelled: string | undefined
    fake.answer = (request) =>
      new Promise((_, reject) => {
        request.cancellation.onCancel((reason) => {
          cancelled = reason
          reject(new Error('cancelled'))
        })
        void request.onQuestion?.({ method: 'sampling/createMessage', params: {} }).catch(() => {})
      })
    const refusal = mcpErrors.CLIENT_CANNOT_ANSWER({
      method: 'sampling/createMessage',
      reason: 'not declared',
      requiredCapabilities: { sampling: {} },
    })
    const call = makeCall({ client: MODERN_CLIENT, ask: () => Promise.reject(refusal) })
    await assert.rejects(callBackend(await backendOf(fake), call, REQUEST), {
      code: 'MCP_CLIENT_CANNOT_ANSWER',
    })
    assert.equal(cancelled, 'the client cannot answer')
    assert.equal(call.cancellation.cancelled, false)
  })

  it('goes on with the call of a modern client that has no roots', async () => {
    const fake = createFakeBackend()
    fake.answer = async (request) => {
      await request.onQuestion?.({ method: 'roots/list', params: {} }).catch(() => {})
      return DONE
    }
    const refusal = mcpErrors.CLIENT_CANNOT_ANSWER({
      method: 'roots/list',
      reason: 'not declared',
      requiredCapabilities: { roots: {} },
    })
    const call = makeCall({ client: MODERN_CLIENT, ask: () => Promise.reject(refusal) })
    assert.deepEqual(await callBackend(await backendOf(fake), call, REQUEST), DONE)
  })

  it('leaves a refusal of a legacy client to the tool', async () => {
    const fake = createFakeBackend()
    fake.answer = async (request) => {
      const heard = await request.onQuestion?.({ method: 'elicitation/create', params: {} }).then(
        () => 'answer',
        () => 'refusal',
      )
      return resultReply({ heard: heard ?? 'nothing' })
    }
    assert.deepEqual(
      await callBackend(await backendOf(fake), makeCall(), REQUEST),
      resultReply({ heard: 'refusal' }),
    )
  })

  it('initialises anew and tries again once when the session was lost before the call ran', async () => {
    const fake = createFakeBackend()
    fake.answer = (_request, connection) => {
      if (connection === fake.connections[0])
        throw mcpErrors.BACKEND_SESSION_LOST({ backend: 'fake', reason: '404', ran: 'no' })
      return DONE
    }
    const backend = await backendOf(fake)
    assert.equal(
      await callBackend(
        { ...backend, connectionFor: async () => fake.connections.at(-1)! },
        makeCall(),
        REQUEST,
      ),
      DONE,
    )
    assert.equal(fake.connections.length, 2)
  })

  it('never repeats a call that may have run', async () => {
    const fake = createFakeBackend()
    let calls = 0
    fake.answer = () => {
      calls++
      throw mcpErrors.BACKEND_GONE({ backend: 'fake', reason: 'exit', ran: 'unknown' })
    }
    await assert.rejects(callBackend(await backendOf(fake), makeCall(), REQUEST), {
      code: 'MCP_BACKEND_GONE',
    })
    assert.equal(calls, 1)
  })

  it('repeats a call that may have run, once, if it does no harm', async () => {
    const fake = createFakeBackend()
    let calls = 0
    fake.answer = () => {
      calls++
      throw mcpErrors.BACKEND_GONE({ backend: 'fake', reason: 'exit', ran: 'unknown' })
    }
    const backend = await backendOf(fake)
    await assert.rejects(callBackend(backend, makeCall(), { ...REQUEST, repeatable: true }), {
      code: 'MCP_BACKEND_GONE',
    })
    assert.equal(calls, 2)
    assert.equal(backend.calls.count, 0)
  })

  it('keeps an HTTP session whose answer broke off', async () => {
    const fake = createFakeBackend()
    fake.answer = () => {
      throw mcpErrors.BACKEND_GONE({ backend: 'fake', reason: 'broken', ran: 'unknown' })
    }
    const backend = await backendOf(fake)
    const connection = { ...fake.connections[0]!, transport: 'streamable-http' as const }
    const dropped: unknown[] = []
    const spied = {
      ...backend,
      connectionFor: () => connection,
      drop: (_: unknown, of: unknown) => void dropped.push(of),
    }
    await assert.rejects(callBackend(spied, makeCall(), REQUEST), { code: 'MCP_BACKEND_GONE' })
    assert.deepEqual(dropped, [])
  })

  it('lists the tools again, once, when the backend wants other headers', async () => {
    const fake = createFakeBackend({ era: 'modern' })
    fake.answer = (request) => {
      if (request.paramHeaders?.['region'] !== undefined) return DONE
      const rpcError = { code: -32020, message: 'Header mismatch' }
      throw mcpErrors.BACKEND_PROTOCOL({ backend: 'fake', reason: 'header', ran: 'no', rpcError })
    }
    let listed = 0
    const backend = { ...(await backendOf(fake)), relistTools: async () => void listed++ }
    const renewed = { ...REQUEST, paramHeaders: { region: 'eu' } }
    const request = { ...REQUEST, headers: { 'x-a': 'b' }, renew: () => renewed }
    assert.equal(await callBackend(backend, makeCall(), request), DONE)
    assert.equal(listed, 1)
    assert.deepEqual(fake.connections[0]?.requests[1]?.headers, { 'x-a': 'b' })
    const stubborn = { ...request, renew: () => REQUEST }
    await assert.rejects(callBackend(backend, makeCall(), stubborn), {
      code: 'MCP_BACKEND_PROTOCOL',
    })
    assert.equal(listed, 2)
  })
})
