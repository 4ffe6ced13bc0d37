import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAppError } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'
import { createClientAddress } from '../net/client-address.ts'
import type { Call } from './call.ts'
import type { InputRequests } from './messages.ts'
import { resultReply } from './reply.ts'
import type { Reply } from './reply.ts'
import {
  initializeLegacy,
  modern,
  openSse,
  send,
  startTestEdge,
  until,
} from './testing/test-edge.ts'
import type { Answer } from './testing/test-edge.ts'

const nameQuestion: InputRequests = {
  name: {
    method: 'elicitation/create',
    params: {
      message: 'Who?',
      requestedSchema: { type: 'object', properties: { who: { type: 'string' } } },
      _meta: { 'io.modelcontextprotocol/related-task': { taskId: 't' } },
    },
  },
}
const accepted = (who: string): JsonObject => ({ action: 'accept', content: { who } })

/** A tool that asks once and answers with what it was told. */
async function asks(call: Call): Promise<Reply> {
  const { name } = await call.ask(nameQuestion)
  return resultReply({ content: [{ type: 'text', text: JSON.stringify(name) }] })
}

const elicits = { capabilities: { elicitation: {} } }
const ask = (extra: JsonObject = {}, capabilities: JsonObject = { elicitation: {} }) =>
  modern('tools/call', { name: 'asks', arguments: { x: 1 }, ...extra }, { capabilities })

function stateOf(answer: Answer): string {
  assert.equal(answer.json.result?.['resultType'], 'input_required', answer.text)
  return answer.json.result?.['requestState'] as string
}

describe('questions to modern clients', () => {
  it('parks the call, takes the answers of the retry and goes on', async () => {
    await using test = await startTestEdge()
    test.gateway.tools.set('asks', async (call) => {
      const reply = await asks(call)
      call.notify('notifications/progress', { progress: 2 })
      return reply
    })
    const first = await send(test.url, ask())
    assert.equal(first.status, 200)
    const { inputRequests, _meta } = first.json.result ?? {}
    assert.deepEqual(inputRequests, {
      name: {
        method: 'elicitation/create',
        params: {
          message: 'Who?',
          requestedSchema: { type: 'object', properties: { who: { type: 'string' } } },
        },
      },
    })
    assert.ok(_meta)
    const retry = modern(
      'tools/call',
      {
        name: 'asks',
        arguments: { x: 1 },
        requestState: stateOf(first),
        inputResponses: { name: accepted('Ann'), extra: {} },
      },
      { id: 'second', capabilities: { elicitation: {} }, meta: { progressToken: 'new' } },
    )
    const sse = await openSse(test.url, retry)
    assert.deepEqual((await sse.next()).json['params'], { progress: 2, progressToken: 'new' })
    const last = await sse.next()
    assert.equal(last.json.id, 'second')
    assert.match(JSON.stringify(last.json.result), /Ann/)
    assert.equal(test.gateway.calls.length, 1)
  })

  it('asks for everything again if an answer is missing, with a new state', async () => {
    await using test = await startTestEdge()
    test.gateway.tools.set('asks', asks)
    const first = await send(test.url, ask())
    const again = await send(test.url, ask({ requestState: stateOf(first) }))
    assert.notEqual(stateOf(again), stateOf(first))
    assert.deepEqual(again.json.result?.['inputRequests'], first.json.result?.['inputRequests'])
    const old = await send(
      test.url,
      ask({ requestState: stateOf(first), inputResponses: { name: accepted('x') } }),
    )
    assert.equal(old.json.error?.['code'], -32602)
    const good = await send(
      test.url,
      ask({ requestState: stateOf(again), inputResponses: { name: accepted('Bo') } }),
    )
    assert.match(good.text, /Bo/)
  })

  it('puts questions that come together into one round and asks several rounds', async () => {
    await using test = await startTestEdge()
    test.gateway.tools.set('asks', async (call) => {
      const both = await Promise.all([call.ask(nameQuestion), call.ask(nameQuestion)])
      const third = await call.ask(nameQuestion)
      return resultReply({ content: [], structuredContent: { answers: [...both, third] } })
    })
    const first = await send(test.url, ask())
    assert.deepEqual(Object.keys(first.json.result?.['inputRequests'] as JsonObject), [
      'name',
      'name-2',
    ])
    const second = await send(
      test.url,
      ask({
        requestState: stateOf(first),
        inputResponses: { name: accepted('a'), 'name-2': accepted('b') },
      }),
    )
    const last = await send(
      test.url,
      ask({ requestState: stateOf(second), inputResponses: { name: accepted('c') } }),
    )
    assert.deepEqual(last.json.result?.['structuredContent'], {
      answers: [{ name: accepted('a') }, { name: accepted('b') }, { name: accepted('c') }],
    })
  })

  it('refuses states that are changed, of somebody else, of other arguments, or expired', async () => {
    let nowMs = 1_000
    await using test = await startTestEdge({ now: () => nowMs })
    test.gateway.tools.set('asks', asks)
    const requestState = stateOf(await send(test.url, ask()))
    const inputResponses = { name: accepted('x') }
    const refused = async (extra: JsonObject, headers = {}): Promise<void> => {
      const asked = ask({ requestState, inputResponses, ...extra })
      const answer = await send(test.url, { ...asked, headers: { ...asked.headers, ...headers } })
      assert.equal(answer.status, 200)
      assert.equal(answer.json.error?.['code'], -32602, answer.text)
    }
    await refused({ requestState: `${requestState}-TAMPERED` })
    await refused({ requestState: requestState.slice(0, -2) })
    await refused({ requestState: 7 })
    await refused({ requestState: '' })
    await refused({ arguments: { x: 2 } })
    await refused({}, { 'x-user': 'mallory' })
    await refused({ inputResponses: { name: 12345 } })
    await refused({ inputResponses: null })
    nowMs += 600_001
    await refused({})
    nowMs = 1_000
    const good = await send(test.url, ask({ requestState, inputResponses }))
    assert.match(good.text, /accept/)
  })

  it('is not cancelled by a disconnect while parked, but by one while running', async () => {
    await using test = await startTestEdge()
    test.gateway.tools.set('asks', async (call) => {
      await call.ask(nameQuestion)
      call.notify('notifications/progress', { progress: 1 })
      return new Promise(() => {})
    })
    const first = await send(test.url, ask())
    await sleep(20)
    assert.equal(test.gateway.calls[0]?.cancellation.cancelled, false)
    const asked = modern(
      'tools/call',
      {
        name: 'asks',
        arguments: { x: 1 },
        requestState: stateOf(first),
        inputResponses: { name: accepted('x') },
      },
      { meta: { progressToken: 1 }, ...elicits },
    )
    const sse = await openSse(test.url, asked)
    await sse.next()
    sse.close()
    await until(() => test.gateway.calls[0]?.cancellation.cancelled)
  })

  it('gives up after a while: the question is rejected and the call cancelled', async () => {
    await using test = await startTestEdge({ limits: { parkTtlMs: 30, tickMs: 5 } })
    let thrown: unknown
    test.gateway.tools.set('asks', (call) =>
      asks(call).catch((error: unknown) => {
        thrown = error
        throw error
      }),
    )
    const first = await send(test.url, ask())
    await until(() => thrown)
    assert.ok(isAppError(thrown, 'MCP_QUESTION_EXPIRED'))
    assert.equal(test.gateway.calls[0]?.cancellation.cancelled, true)
    const late = ask({ requestState: stateOf(first), inputResponses: { name: accepted('x') } })
    assert.equal((await send(test.url, late)).json.error?.['code'], -32602)
  })

  it('keeps the answer of a call that ended while its client was away', async () => {
    await using test = await startTestEdge()
    test.gateway.tools.set('asks', async (call) => {
      void call.ask(nameQuestion).catch(() => {})
      await sleep(40)
      return resultReply({ content: [{ type: 'text', text: 'without you' }] })
    })
    const first = await send(test.url, ask())
    await sleep(60)
    const retry = ask({ requestState: stateOf(first), inputResponses: { name: accepted('x') } })
    assert.match((await send(test.url, retry)).text, /without you/)
    assert.equal((await send(test.url, retry)).json.error?.['code'], -32602)
  })

  it('answers -32021 if the request did not declare what the call needs', async () => {
    await using test = await startTestEdge()
    test.gateway.tools.set('asks', asks)
    const answer = await send(test.url, ask({}, { sampling: {} }))
    assert.equal(answer.status, 400)
    assert.equal(answer.json.error?.['code'], -32021)
    assert.deepEqual((answer.json.error?.['data'] as JsonObject)['requiredCapabilities'], {
      elicitation: {},
    })
  })

  it('bounds the parked calls of one client, and of all', async () => {
    const clientAddress = createClientAddress(['127.0.0.1'])
    const limits = { maxParkedPerClient: 1, maxParkedTotal: 2 }
    await using test = await startTestEdge({ limits, clientAddress })
    test.gateway.tools.set('asks', asks)
    const from = (address: string) => {
      const { headers, ...rest } = ask()
      return send(test.url, { ...rest, headers: { ...headers, 'x-forwarded-for': address } })
    }
    stateOf(await from('192.0.2.1'))
    assert.equal((await from('192.0.2.1')).status, 503)
    stateOf(await from('192.0.2.2'))
    const { status, json } = await from('192.0.2.3')
    assert.equal(status, 503)
    assert.match(JSON.stringify(json.error), /2 calls wait/)
  })

  it('takes a parked call out of the count when it ends', async () => {
    await using test = await startTestEdge({ limits: { maxParkedPerClient: 1 } })
    test.gateway.tools.set('asks', asks)
    const first = await send(test.url, ask())
    const refused = await send(test.url, ask())
    assert.equal(refused.status, 503)
    assert.equal((refused.json.error?.['data'] as JsonObject)['code'], 'MCP_TOO_MANY_PARKED')
    const retry = ask({ requestState: stateOf(first), inputResponses: { name: accepted('x') } })
    assert.equal((await send(test.url, retry)).status, 200)
    stateOf(await send(test.url, ask()))
  })

  it('relays the questions and the sealed state of a backend that keeps none', async () => {
    await using test = await startTestEdge()
    test.gateway.tools.set('asks', (call) => {
      if (!call.retry) return { kind: 'input', requests: nameQuestion, state: 'inner' }
      return resultReply({ content: [], structuredContent: { ...call.retry } })
    })
    const first = await send(test.url, ask())
    assert.deepEqual(first.json.result?.['inputRequests'], nameQuestion)
    assert.doesNotMatch(stateOf(first), /inner/)
    const inputResponses = { name: accepted('Ann') }
    const second = await send(test.url, ask({ requestState: stateOf(first), inputResponses }))
    assert.deepEqual(second.json.result?.['structuredContent'], {
      answers: inputResponses,
      state: 'inner',
    })
    assert.deepEqual(test.gateway.calls[1]?.params, { name: 'asks', arguments: { x: 1 } })
    const stateless = await send(test.url, ask({ inputResponses }))
    assert.deepEqual(stateless.json.result?.['structuredContent'], { answers: inputResponses })
    const undeclared = await send(test.url, ask({}, {}))
    assert.equal(undeclared.json.error?.['code'], -32021)
  })
})

describe('questions to legacy clients', () => {
  const callAsks = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'asks' } }

  it('asks on the stream of the POST and takes the response', async () => {
    await using test = await startTestEdge()
    test.gateway.tools.set('asks', asks)
    const client = await initializeLegacy(test.url, elicits)
    const sse = await openSse(test.url, { headers: client.headers, body: callAsks })
    await sse.next()
    const question = await sse.next()
    assert.equal(question.json['method'], 'elicitation/create')
    assert.equal(typeof question.json.id, 'string')
    const response = { jsonrpc: '2.0', id: question.json.id, result: accepted('Cy') }
    assert.equal((await client.post(response)).status, 202)
    assert.match((await sse.next()).data, /Cy/)
    await sse.ended
    assert.equal((await client.post(response)).status, 202, 'a late response is ignored')
  })

  it('asks on the standalone stream if the POST cannot carry it, and fails without one', async () => {
    await using test = await startTestEdge()
    test.gateway.tools.set('asks', asks)
    const client = await initializeLegacy(test.url, elicits)
    const jsonOnly = { accept: 'application/json' }
    const failed = await client.post(callAsks, jsonOnly)
    assert.equal(failed.json.error?.['code'], -32603)
    assert.match(failed.text, /MCP_CLIENT_CANNOT_ANSWER/)
    const stream = await openSse(test.url, { method: 'GET', headers: client.headers })
    await stream.next()
    const answer = client.post(callAsks, jsonOnly)
    const question = await stream.next()
    await client.post({ jsonrpc: '2.0', id: question.json.id, result: accepted('Di') })
    assert.match((await answer).text, /Di/)
    stream.close()
  })

  it('hands on the error of a client and does not ask what it did not declare', async () => {
    await using test = await startTestEdge()
    const thrown: unknown[] = []
    test.gateway.tools.set('asks', (call) =>
      asks(call).catch((error: unknown) => {
        thrown.push(error)
        throw error
      }),
    )
    const client = await initializeLegacy(test.url, elicits)
    const sse = await openSse(test.url, { headers: client.headers, body: callAsks })
    await sse.next()
    const { id } = (await sse.next()).json
    await client.post({ jsonrpc: '2.0', id, error: { code: -1, message: 'no way' } })
    assert.match((await sse.next()).data, /no way/)
    const mute = await initializeLegacy(test.url)
    assert.equal((await mute.post(callAsks)).json.error?.['code'], -32603)
    assert.deepEqual(
      thrown.map((error) => isAppError(error) && error.code),
      ['MCP_CLIENT_ERROR', 'MCP_CLIENT_CANNOT_ANSWER'],
    )
  })

  it('takes a question back when the call is cancelled or nobody answers', async () => {
    await using test = await startTestEdge({ limits: { questionTimeoutMs: 30, tickMs: 5 } })
    test.gateway.tools.set('asks', asks)
    const client = await initializeLegacy(test.url, elicits)
    const sse = await openSse(test.url, { headers: client.headers, body: callAsks })
    await sse.next()
    const { id } = (await sse.next()).json
    const withdrawn = await sse.next()
    assert.equal(withdrawn.json['method'], 'notifications/cancelled')
    assert.equal((withdrawn.json['params'] as JsonObject)['requestId'], id)
    assert.match((await sse.next()).data, /MCP_QUESTION_EXPIRED/)
  })

  it('takes the other questions of a round back when one is answered with an error', async () => {
    await using test = await startTestEdge()
    test.gateway.tools.set('asks', async (call) => {
      const question = nameQuestion['name']!
      await call.ask({ a: question, b: question })
      return resultReply({ content: [] })
    })
    const client = await initializeLegacy(test.url, elicits)
    const sse = await openSse(test.url, { headers: client.headers, body: callAsks })
    await sse.next()
    const { id } = (await sse.next()).json
    const other = (await sse.next()).json.id
    await client.post({ jsonrpc: '2.0', id, error: { code: -1, message: 'no way' } })
    const withdrawn = await sse.next()
    assert.equal(withdrawn.json['method'], 'notifications/cancelled')
    assert.equal((withdrawn.json['params'] as JsonObject)['requestId'], other)
    assert.match((await sse.next()).data, /no way/)
    await sse.ended
  })

  it('declines urls for versions without them and names them for others', async () => {
    await using test = await startTestEdge()
    test.gateway.tools.set('asks', async (call) => {
      const params = { mode: 'url', url: 'https://x.example', message: 'Go' }
      const answer = await call.ask({ go: { method: 'elicitation/create', params } })
      return resultReply({ content: [], structuredContent: answer })
    })
    const capabilities = { elicitation: { url: {} } }
    const old = await initializeLegacy(test.url, { version: '2025-06-18', capabilities })
    const declined = await old.post(callAsks)
    assert.deepEqual(declined.json.result?.['structuredContent'], { go: { action: 'decline' } })
    const client = await initializeLegacy(test.url, { capabilities })
    const sse = await openSse(test.url, { headers: client.headers, body: callAsks })
    await sse.next()
    const params = (await sse.next()).json['params'] as JsonObject
    assert.equal(typeof params['elicitationId'], 'string')
    sse.close()
  })

  it('gives the answer of an older client back in the words of who asked', async () => {
    await using test = await startTestEdge()
    test.gateway.tools.set('asks', async (call) => {
      const properties = { tags: { type: 'array', items: { type: 'string', enum: ['a', 'b'] } } }
      const params = { message: 'Which?', requestedSchema: { type: 'object', properties } }
      const answer = await call.ask({ which: { method: 'elicitation/create', params } })
      return resultReply({ content: [], structuredContent: answer })
    })
    const capabilities = { elicitation: {} }
    const client = await initializeLegacy(test.url, { version: '2025-06-18', capabilities })
    const sse = await openSse(test.url, { headers: client.headers, body: callAsks })
    const { id, params } = (await sse.next()).json
    assert.match(JSON.stringify(params), /"tags\.a":\{"type":"boolean"/)
    const content = { 'tags.a': false, 'tags.b': true }
    await client.post({ jsonrpc: '2.0', id, result: { action: 'accept', content } })
    const { result } = (await sse.next()).json
    assert.deepEqual((result as JsonObject)['structuredContent'], {
      which: { action: 'accept', content: { tags: ['b'] } },
    })
    sse.close()
  })
})
