import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { behindGateway, textOf } from '../support/behind-gateway.ts'
import { connectSse } from '../support/clients.ts'
import { FIXTURE_VARIANTS } from '../support/fixture.ts'
import { readEvents } from '../support/raw-mcp.ts'
import { until } from '../support/until.ts'

for (const variant of FIXTURE_VARIANTS) {
  describe(`a client on HTTP+SSE in front of a ${variant} backend`, () => {
    const gateway = behindGateway(variant)
    const connectHere = () => connectSse(`${gateway().origin}/sse`, {})

    it('lists, calls, reads and completes', async () => {
      await using peer = await connectHere()
      const { tools } = await peer.client.listTools()
      assert.ok(tools.some(({ name }) => name === 'test_simple_text'))
      const result = await peer.client.callTool({ name: 'test_simple_text', arguments: {} })
      assert.equal(textOf(result), 'This is a simple text response for testing.')
      const { contents } = await peer.client.readResource({ uri: 'test://template/7/data' })
      assert.match(JSON.stringify(contents), /Data for ID: 7/)
      const { completion } = await peer.client.complete({
        ref: { type: 'ref/prompt', name: 'test_prompt_with_arguments' },
        argument: { name: 'arg1', value: 'par' },
      })
      assert.deepEqual(completion.values, ['paris', 'park', 'party'])
    })

    it('hears progress and log messages', async () => {
      const logs: unknown[] = []
      await using peer = await connectSse(`${gateway().origin}/sse`, {
        prepare: (client) =>
          client.setNotificationHandler('notifications/message', ({ params }) => {
            logs.push(params.data)
          }),
      })
      const progress: number[] = []
      await peer.client.callTool(
        { name: 'test_tool_with_progress', arguments: {} },
        { onprogress: (update) => void progress.push(update.progress) },
      )
      // The SDK client drops progress that it reads in one piece with the result.
      assert.deepEqual(progress.slice(0, 2), [0, 50])
      await peer.client.setLoggingLevel('debug')
      await peer.client.callTool({ name: 'test_tool_with_logging', arguments: {} })
      await until('three log messages', () => (logs.length >= 3 ? logs : undefined))
    })
  })
}

describe('the wire of 2024-11-05', () => {
  const gateway = behindGateway('http-dual')

  it('names the endpoint first and answers on the stream in that version', async () => {
    const stop = new AbortController()
    const stream = await fetch(`${gateway().origin}/sse`, {
      headers: { accept: 'text/event-stream' },
      signal: stop.signal,
    })
    assert.equal(stream.status, 200)
    const events = readEvents(stream)
    const first = await events.next()
    const endpoint = new URL(String(first.value?.data), gateway().origin)
    assert.equal(endpoint.origin, gateway().origin)
    const send = (message: object) =>
      fetch(endpoint, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', ...message }),
      })
    const posted = await send({
      id: 0,
      method: 'initialize',
      params: {
        protocolVersion: '2024-11-05',
        capabilities: {},
        clientInfo: { name: 'old', version: '1' },
      },
    })
    assert.equal(posted.status, 202)
    const answer = JSON.parse(String((await events.next()).value?.data)) as {
      id: number
      result: { protocolVersion: string; capabilities: Record<string, unknown> }
    }
    assert.equal(answer.id, 0)
    assert.equal(answer.result.protocolVersion, '2024-11-05')
    assert.equal(answer.result.capabilities['completions'], undefined, 'unknown to 2024-11-05')
    await send({ method: 'notifications/initialized' })
    await send({ id: 'audio', method: 'tools/call', params: { name: 'test_audio_content' } })
    const audio = JSON.parse(String((await events.next()).value?.data)) as {
      id: string
      result: { content: { type: string }[] }
    }
    assert.equal(audio.id, 'audio')
    assert.equal(audio.result.content[0]?.type, 'text', 'audio is unknown to 2024-11-05')
    stop.abort()
  })

  it('refuses a message for a session that does not exist', async () => {
    const response = await fetch(`${gateway().origin}/messages?sessionId=nobody`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
    })
    assert.equal(response.status, 404)
  })
})
