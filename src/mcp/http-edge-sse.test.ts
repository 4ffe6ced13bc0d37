import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Call } from './call.ts'
import { resultReply } from './reply.ts'
import { openSse, send, startTestEdge, until } from './testing/test-edge.ts'
import type { SseReader, TestEdge } from './testing/test-edge.ts'

interface SseClient {
  readonly stream: SseReader
  post(body: unknown, headers?: Record<string, string>): Promise<number>
}

async function open(test: TestEdge, version = '2024-11-05', headers = {}): Promise<SseClient> {
  const stream = await openSse(`${test.origin}/sse`, { method: 'GET', headers })
  const endpoint = await stream.next()
  assert.equal(endpoint.event, 'endpoint')
  const post = async (body: unknown, extra = {}): Promise<number> => {
    const url = new URL(endpoint.data, test.origin).href
    return (await send(url, { body, headers: { ...headers, ...extra } })).status
  }
  const params = { protocolVersion: version, capabilities: { sampling: {} }, clientInfo: {} }
  assert.equal(await post({ jsonrpc: '2.0', id: 0, method: 'initialize', params }), 202)
  const answer = await stream.next()
  assert.equal(answer.json.result?.['protocolVersion'], version)
  await post({ jsonrpc: '2.0', method: 'notifications/initialized' })
  return { stream, post }
}

const call = (name: string, id: number): object => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: {} },
})

describe('HTTP+SSE of 2024-11-05', () => {
  it('names the endpoint, takes messages by POST and answers on the stream', async () => {
    await using test = await startTestEdge()
    const { stream, post } = await open(test)
    assert.equal(await post(call('echo', 4)), 202)
    const answer = await stream.next()
    assert.equal(answer.event, 'message')
    assert.equal(answer.id, undefined)
    assert.equal(answer.json.id, 4)
    test.gateway.live.get('session-1')?.channel?.notify('notifications/tools/list_changed')
    assert.equal((await stream.next()).json['method'], 'notifications/tools/list_changed')
    stream.close()
  })

  it('asks the client and suppresses the answer of a cancelled call', async () => {
    await using test = await startTestEdge()
    test.gateway.tools.set('samples', async (samples) => {
      const answers = await samples.ask({ s: { method: 'sampling/createMessage', params: {} } })
      return resultReply({ content: [], structuredContent: answers })
    })
    test.gateway.tools.set('endless', () => new Promise(() => {}))
    const { stream, post } = await open(test)
    await post(call('samples', 1))
    const question = await stream.next()
    assert.equal(question.json['method'], 'sampling/createMessage')
    await post({ jsonrpc: '2.0', id: question.json.id, result: { role: 'assistant' } })
    const content = [{ type: 'text', text: '{"s":{"role":"assistant"}}' }]
    assert.deepEqual((await stream.next()).json.result, { content })
    await post(call('endless', 2))
    const params = { requestId: 2 }
    await post({ jsonrpc: '2.0', method: 'notifications/cancelled', params })
    await post(call('echo', 3))
    assert.equal((await stream.next()).json.id, 3)
    stream.close()
  })

  it('ends the session and its calls with the stream', async () => {
    await using test = await startTestEdge()
    let running: Call | undefined
    test.gateway.tools.set('endless', (endless) => {
      running = endless
      return new Promise(() => {})
    })
    const { stream, post } = await open(test)
    await post(call('endless', 1))
    stream.close()
    await until(() => test.gateway.ended.length !== 0)
    assert.equal(running?.cancellation.cancelled, true)
    assert.equal(test.gateway.live.size, 0)
    assert.equal(await post(call('echo', 2)), 404)
  })

  it('ends the stream when the gateway ends the session', async () => {
    await using test = await startTestEdge()
    const { stream } = await open(test)
    await test.gateway.sessions.end(test.gateway.live.get('session-1')!, 'expired')
    await stream.ended
  })

  it('refuses unknown sessions, sessions of others, junk and modern messages', async () => {
    await using test = await startTestEdge()
    const { stream, post } = await open(test, '2025-03-26', { 'x-user': 'ann' })
    assert.equal(await post(call('echo', 1), { 'x-user': 'bob' }), 404)
    assert.equal((await send(`${test.origin}/messages?sessionId=x`, { body: {} })).status, 404)
    assert.equal(await post('not json'), 400)
    assert.equal(await post({ jsonrpc: '1.0' }), 400)
    const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' }
    assert.equal(await post({ jsonrpc: '2.0', id: 1, method: 'ping', params: { _meta } }), 400)
    assert.equal((await send(`${test.origin}/sse`, { body: {} })).status, 405)
    assert.equal((await send(`${test.origin}/messages`, { method: 'GET' })).status, 405)
    assert.equal(await post([call('echo', 7), call('echo', 8)]), 202)
    const batch = JSON.parse((await stream.next()).data) as { id: number }[]
    assert.deepEqual(batch.map(({ id }) => id).sort(), [7, 8])
    stream.close()
  })

  it('answers what comes before initialize with an error', async () => {
    await using test = await startTestEdge()
    const stream = await openSse(`${test.origin}/sse`, { method: 'GET' })
    const url = new URL((await stream.next()).data, test.origin).href
    await send(url, { body: call('echo', 1) })
    assert.equal((await stream.next()).json.error?.['code'], -32600)
    await send(url, { body: { jsonrpc: '2.0', id: 2, method: 'ping' } })
    assert.deepEqual((await stream.next()).json.result, {})
    stream.close()
  })
})

describe('draining', () => {
  it('refuses new sessions, finishes calls and ends streams', async () => {
    await using test = await startTestEdge()
    let finish = (): void => {}
    test.gateway.tools.set('slow', async () => {
      await new Promise<void>((resolve) => {
        finish = resolve
      })
      return resultReply({ content: [] })
    })
    const { stream, post } = await open(test)
    await post(call('slow', 1))
    let drained = false
    const draining = test.edge.drain(5_000).then(() => {
      drained = true
    })
    const refused = await send(`${test.origin}/sse`, { method: 'GET', headers: {} })
    assert.equal(refused.status, 503)
    assert.equal(refused.headers['retry-after'], '1')
    const params = { protocolVersion: '2025-11-25', capabilities: {} }
    const initialize = { jsonrpc: '2.0', id: 1, method: 'initialize', params }
    assert.equal((await send(test.url, { body: initialize })).status, 503)
    await sleep(20)
    assert.equal(drained, false)
    assert.equal(test.edge.inFlight, 1)
    finish()
    assert.equal((await stream.next()).json.id, 1)
    await draining
    await stream.ended
    assert.equal(test.edge.inFlight, 0)
  })

  it('waits no longer than it may', async () => {
    await using test = await startTestEdge()
    test.gateway.tools.set('endless', () => new Promise(() => {}))
    const { stream, post } = await open(test)
    await post(call('endless', 1))
    await test.edge.drain(30)
    await stream.ended
  })
})
