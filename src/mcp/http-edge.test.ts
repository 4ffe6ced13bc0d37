import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { resultReply } from './reply.ts'
import { initializeLegacy, modern, send, startTestEdge } from './testing/test-edge.ts'

const echoCall = {
  jsonrpc: '2.0',
  id: 7,
  method: 'tools/call',
  params: { name: 'echo', arguments: { a: 1 } },
}

describe('legacy requests over HTTP', () => {
  it('makes a session at initialize and serves calls in it', async () => {
    await using test = await startTestEdge()
    const client = await initializeLegacy(test.url, { version: '2025-06-18' })
    assert.equal(client.sessionId, 'session-1')
    const answer = await client.post(echoCall)
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['content-type'], 'application/json')
    assert.deepEqual(answer.json, {
      jsonrpc: '2.0',
      id: 7,
      result: { content: [{ type: 'text', text: '{"a":1}' }] },
    })
    assert.equal(test.gateway.calls[0]?.session?.id, 'session-1')
  })

  it('answers initialize from memory in the version of the client', async () => {
    await using test = await startTestEdge()
    const initialize = (version: string): Promise<Record<string, unknown> | undefined> =>
      send(test.url, {
        body: {
          jsonrpc: '2.0',
          id: 'i',
          method: 'initialize',
          params: {
            protocolVersion: version,
            capabilities: {},
            clientInfo: { name: 'c', version: '1' },
          },
        },
      }).then(({ json }) => json.result)
    const old = await initialize('2024-11-05')
    assert.equal(old?.['protocolVersion'], '2024-11-05')
    assert.deepEqual(old?.['capabilities'], { tools: { listChanged: true }, logging: {} })
    assert.equal((await initialize('1999-01-01'))?.['protocolVersion'], '2025-11-25')
    assert.equal((await initialize('2026-07-28'))?.['protocolVersion'], '2025-11-25')
  })

  it('answers ping and logging/setLevel without the gateway', async () => {
    await using test = await startTestEdge()
    const client = await initializeLegacy(test.url)
    const ping = await client.post({ jsonrpc: '2.0', id: 'p', method: 'ping' })
    assert.deepEqual(ping.json, { jsonrpc: '2.0', id: 'p', result: {} })
    const set = { jsonrpc: '2.0', id: 2, method: 'logging/setLevel', params: { level: 'warning' } }
    assert.deepEqual((await client.post(set)).json.result, {})
    assert.equal(test.gateway.live.get(client.sessionId)?.client.logLevel, 'warning')
    const bad = await client.post({ ...set, params: { level: 'loud' } })
    assert.equal(bad.json.error?.['code'], -32602)
    assert.equal(test.gateway.calls.length, 0)
  })

  it('answers 400 without a session, 404 for an unknown or foreign one, 503 without storage', async () => {
    await using test = await startTestEdge()
    const client = await initializeLegacy(test.url, { headers: { 'x-user': 'ann' } })
    assert.equal((await send(test.url, { body: echoCall })).status, 400)
    const unknown = await send(test.url, { body: echoCall, headers: { 'mcp-session-id': 'nope' } })
    assert.equal(unknown.status, 404)
    assert.equal(unknown.json.id, 7)
    const headers = { 'mcp-session-id': client.sessionId, 'x-user': 'bob' }
    assert.equal((await send(test.url, { body: echoCall, headers })).status, 404)
    test.gateway.lookup = 'unavailable'
    const unavailable = await client.post(echoCall)
    assert.equal(unavailable.status, 503)
    assert.equal(unavailable.headers['retry-after'], '1')
  })

  it('refuses versions it does not speak in the header', async () => {
    await using test = await startTestEdge()
    const client = await initializeLegacy(test.url)
    const answer = await client.post(echoCall, { 'mcp-protocol-version': '1900-01-01' })
    assert.equal(answer.status, 400)
    assert.match(JSON.stringify(answer.json.error), /1900-01-01/)
    assert.equal(
      (await client.post(echoCall, { 'mcp-protocol-version': '2025-11-25' })).status,
      200,
    )
  })

  it('ends a session at DELETE', async () => {
    await using test = await startTestEdge()
    const client = await initializeLegacy(test.url)
    const ended = await send(test.url, { method: 'DELETE', headers: client.headers })
    assert.equal(ended.status, 204)
    assert.deepEqual(test.gateway.ended, [{ id: client.sessionId, reason: 'ended by the client' }])
    assert.equal((await client.post(echoCall)).status, 404)
  })
})

describe('modern requests over HTTP', () => {
  it('serves a call without a session and stamps the result', async () => {
    await using test = await startTestEdge()
    const answer = await send(test.url, modern('tools/call', { name: 'echo', arguments: { b: 2 } }))
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.json.result, {
      resultType: 'complete',
      content: [{ type: 'text', text: '{"b":2}' }],
      _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'gateway', version: '9.9.9' } },
    })
    assert.deepEqual(test.gateway.calls[0]?.params, { name: 'echo', arguments: { b: 2 } })
    assert.equal(test.gateway.calls[0]?.client.version, '2026-07-28')
  })

  it('are served with a slash behind the path, too', async () => {
    await using test = await startTestEdge()
    for (const url of [`${test.url}/`, `${test.url}/?x=1`]) {
      const { status, json } = await send(url, modern('tools/call', { name: 'echo' }))
      assert.equal(status, 200)
      assert.ok(json.result)
    }
    assert.equal((await send(`${test.url}//`, modern('tools/list'))).status, 404)
  })

  it('describes itself at server/discover', async () => {
    await using test = await startTestEdge()
    const { json } = await send(test.url, modern('server/discover'))
    assert.equal((json.result?.['supportedVersions'] as string[])[0], '2026-07-28')
    assert.equal(json.result?.['ttlMs'], 0)
    assert.equal(json.result?.['cacheScope'], 'private')
    assert.equal(json.result?.['instructions'], 'Be kind')
  })

  it('writes caching hints on lists, the default or what the source says', async () => {
    await using test = await startTestEdge()
    const list = await send(test.url, modern('tools/list'))
    assert.equal(list.json.result?.['ttlMs'], 0)
    test.gateway.tools.set('x://y', () => ({
      ...resultReply({ contents: [] }),
      kind: 'result',
      result: { contents: [] },
      cache: { ttlMs: 5, cacheScope: 'public' },
    }))
    const read = await send(test.url, modern('resources/read', { uri: 'x://y' }))
    assert.equal(read.json.result?.['ttlMs'], 5)
    assert.equal(read.json.result?.['cacheScope'], 'public')
  })

  it('answers methods that are gone or unknown with 404', async () => {
    await using test = await startTestEdge()
    for (const method of [
      'initialize',
      'ping',
      'logging/setLevel',
      'resources/subscribe',
      'no/such',
    ]) {
      const answer = await send(test.url, modern(method, {}, { id: 'x' }))
      assert.equal(answer.status, 404, method)
      assert.equal(answer.json.error?.['code'], -32601)
      assert.equal(answer.json.id, 'x')
    }
  })

  it('has no GET and no DELETE', async () => {
    await using test = await startTestEdge()
    for (const method of ['GET', 'DELETE']) {
      const headers = { 'mcp-protocol-version': '2026-07-28' }
      const answer = await send(test.url, { method, headers })
      assert.equal(answer.status, 405)
      assert.equal(answer.headers['allow'], 'POST')
    }
  })
})
