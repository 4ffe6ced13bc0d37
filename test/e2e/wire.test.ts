import assert from 'node:assert/strict'
import { request } from 'node:http'
import { describe, it } from 'node:test'
import { behindGateway, textOf } from '../support/behind-gateway.ts'
import { connectHttp } from '../support/clients.ts'
import { openSession, readEvents, sendModern, type RawMessage } from '../support/raw-mcp.ts'

describe('the legacy wire', () => {
  const gateway = behindGateway('http-dual')

  for (const version of ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25']) {
    it(`speaks ${version} when asked to`, async () => {
      const session = await openSession(gateway().url, { version })
      assert.equal(session.version, version)
      const { response } = await session.send('tools/call', { name: 'test_simple_text' })
      assert.match(textOf(response.result ?? {}), /simple text/)
      assert.equal(response.result?.['resultType'], undefined, 'unknown to legacy clients')
    })
  }

  it('answers a version it does not know with its newest legacy one', async () => {
    assert.equal(
      (await openSession(gateway().url, { version: '2099-01-01' })).version,
      '2025-11-25',
    )
  })

  it('answers 404 for a session it does not know', async () => {
    const { status } = await fetch(gateway().url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-session-id': 'nobody',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
    })
    assert.equal(status, 404)
  })

  it('takes a batch in 2025-03-26 and in no other version', async () => {
    for (const version of ['2025-03-26', '2025-06-18', '2025-11-25']) {
      const session = await openSession(gateway().url, { version })
      const response = await fetch(gateway().url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          'mcp-session-id': session.id,
          ...(version === '2025-03-26' ? {} : { 'mcp-protocol-version': version }),
        },
        body: JSON.stringify([
          { jsonrpc: '2.0', id: 'a', method: 'ping' },
          { jsonrpc: '2.0', id: 'b', method: 'tools/call', params: { name: 'test_simple_text' } },
          { jsonrpc: '2.0', method: 'notifications/roots/list_changed' },
        ]),
      })
      if (version !== '2025-03-26') {
        assert.equal(response.status, 400, version)
        continue
      }
      assert.equal(response.status, 200)
      const answers = await allMessages(response)
      assert.deepEqual(answers.map(({ id }) => id).sort(), ['a', 'b'])
    }
  })
})

describe('the modern wire', () => {
  const gateway = behindGateway('http-legacy')
  const LOG_LEVEL = 'io.modelcontextprotocol/logLevel'

  it('sends no log message unless the request asks for a level', async () => {
    const call = { name: 'test_tool_with_logging', arguments: {} }
    const quiet = await sendModern(gateway().url, 'tools/call', call)
    assert.deepEqual(methodsOf(quiet.messages), [])
    const loud = await sendModern(gateway().url, 'tools/call', call, {
      meta: { [LOG_LEVEL]: 'info' },
    })
    assert.equal(methodsOf(loud.messages).length, 3)
    const severe = await sendModern(gateway().url, 'tools/call', call, {
      meta: { [LOG_LEVEL]: 'error' },
    })
    assert.deepEqual(methodsOf(severe.messages), [])
  })

  it('names the gateway, not the backend, in every result', async () => {
    const { response } = await sendModern(gateway().url, 'tools/call', { name: 'test_simple_text' })
    const info = meta(response)['io.modelcontextprotocol/serverInfo'] as { name: string }
    assert.equal(info.name, 'under-test')
  })

  it('keeps the progress of two calls with one token apart', async () => {
    const call = { name: 'test_tool_with_progress', arguments: {} }
    const replies = await Promise.all(
      [1, 2, 3].map(() =>
        sendModern(gateway().url, 'tools/call', call, { meta: { progressToken: 'same' } }),
      ),
    )
    for (const { messages } of replies) {
      const progress = messages.filter(({ method }) => method === 'notifications/progress')
      assert.deepEqual(
        progress.map(({ params }) => [params?.['progressToken'], params?.['progress']]),
        [
          ['same', 0],
          ['same', 50],
          ['same', 100],
        ],
      )
    }
  })

  it('answers an unknown tool and a missing resource with -32602', async () => {
    const tool = await sendModern(gateway().url, 'tools/call', { name: 'no_such_tool' })
    assert.equal(tool.response.error?.code, -32602)
    const resource = await sendModern(gateway().url, 'resources/read', { uri: 'test://no-such' })
    assert.equal(resource.response.error?.code, -32602)
  })
})

/** The status of a POST with this request target and this Host. */
function statusOf(gateway: string, path: string, host: string): Promise<number | undefined> {
  const { hostname, port } = new URL(gateway)
  return new Promise((resolve, reject) => {
    const headers = { host, 'content-type': 'application/json', accept: '*/*' }
    const sent = request({ port, host: hostname, path, method: 'POST', headers }, (response) =>
      resolve(response.resume().statusCode),
    )
    sent.on('error', reject)
    sent.end('{"jsonrpc":"2.0","id":1,"method":"ping"}')
  })
}

describe('a request target', () => {
  const gateway = behindGateway('http-dual')

  it('may name the host, which then counts, and may end with a slash', async () => {
    const { host, origin } = new URL(gateway().url)
    const usual = await statusOf(gateway().url, '/mcp', host)
    assert.equal(await statusOf(gateway().url, '/mcp/', host), usual)
    assert.equal(await statusOf(gateway().url, `${origin}/mcp`, 'evil.example'), usual)
    assert.equal(await statusOf(gateway().url, 'http://evil.example/mcp', host), 403)
    assert.notEqual(usual, 403)
    assert.notEqual(usual, 404)
  })
})

describe('a client that misbehaves', () => {
  const gateway = behindGateway('http-dual')
  const post = (body: string | Buffer, headers: Record<string, string> = {}) =>
    fetch(gateway().url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...headers,
      },
      body,
    })

  it('gets a JSON-RPC error for what is no JSON or no JSON-RPC', async () => {
    for (const body of ['{', '', 'null', '42', '[]', '{"jsonrpc":"1.0"}', '{"id":1}', '\xff']) {
      const response = await post(body)
      assert.equal(response.status, 400, JSON.stringify(body))
      const { error } = (await response.json()) as RawMessage
      assert.ok(error !== undefined && error.code < 0, JSON.stringify(body))
    }
  })

  it('gets 413 for a body over the limit', async () => {
    const response = await post(
      JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping', params: { x: 'x'.repeat(9 << 20) } }),
    ).catch(() => undefined)
    // A server may close the connection while the rest is still being sent.
    assert.ok(response === undefined || response.status === 413)
  })

  it('gets 403 from another origin or under another host', async () => {
    const foreign = await post('{}', { origin: 'https://evil.example' })
    assert.equal(foreign.status, 403)
    assert.equal(await statusOf(gateway().url, '/mcp', 'evil.example'), 403)
  })

  it('gets 405 or 404 for what the endpoint does not do, and 415 for another type', async () => {
    const put = await fetch(gateway().url, { method: 'PUT', body: '{}' })
    assert.equal(put.status, 405)
    const elsewhere = await fetch(`${gateway().origin}/no-such-path`)
    assert.equal(elsewhere.status, 404)
    const plain = await post('{}', { 'content-type': 'text/plain' })
    assert.equal(plain.status, 415)
  })

  it('that sends half a request and goes leaves the gateway working', async () => {
    const { port } = new URL(gateway().url)
    await new Promise<void>((resolve) => {
      const headers = { 'content-type': 'application/json', 'content-length': '1000' }
      const sent = request({ port, host: '127.0.0.1', path: '/mcp', method: 'POST', headers })
      sent.on('error', () => resolve())
      sent.write('{"jsonrpc":"2.0"')
      setTimeout(() => sent.destroy(), 100)
    })
    await using peer = await connectHttp(gateway().url, { era: 'modern' })
    assert.ok((await peer.client.listTools()).tools.length > 0)
  })
})

async function allMessages(response: Response): Promise<RawMessage[]> {
  if (!response.headers.get('content-type')?.includes('text/event-stream')) {
    return (await response.json()) as RawMessage[]
  }
  const messages: RawMessage[] = []
  for await (const { data } of readEvents(response)) {
    if (data !== '') messages.push(...[JSON.parse(data) as RawMessage | RawMessage[]].flat())
  }
  return messages
}

function methodsOf(messages: readonly RawMessage[]): string[] {
  return messages.flatMap(({ method }) => (method === undefined ? [] : [method]))
}

function meta(message: RawMessage): Record<string, unknown> {
  return (message.result?.['_meta'] ?? {}) as Record<string, unknown>
}
