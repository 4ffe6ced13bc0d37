import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { modern, openSse, send, startTestEdge } from './testing/test-edge.ts'

const PAGE = 'https://console.example.com'
const INFO = { name: 'page', version: '1' }
const EXPOSED = 'Mcp-Session-Id, Mcp-Protocol-Version, WWW-Authenticate, Retry-After'

/** `fetch` would not let us say where a page is from. */
function preflight(url: string, origin: string, more: Record<string, string> = {}) {
  const headers = {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type,mcp-protocol-version,x-team',
    ...more,
  }
  return send(url, { method: 'OPTIONS', headers })
}

describe('pages in a browser', () => {
  it('may ask before they call, without saying who they are', async () => {
    await using test = await startTestEdge({
      allowedOrigins: [PAGE],
      authenticate: () => ({ status: 401, headers: {}, body: '' }),
    })
    for (const path of ['/mcp', '/sse', '/messages?sessionId=x']) {
      const { status, headers } = await preflight(test.origin + path, PAGE)
      assert.equal(status, 204)
      assert.equal(headers['access-control-allow-origin'], PAGE)
      assert.equal(headers['access-control-allow-methods'], 'GET, POST, DELETE')
      assert.equal(
        headers['access-control-allow-headers'],
        'content-type,mcp-protocol-version,x-team',
      )
      assert.equal(headers['access-control-max-age'], '7200')
      assert.equal(headers['vary'], 'Origin')
      assert.equal(headers['access-control-allow-private-network'], undefined)
    }
    const local = { 'access-control-request-private-network': 'true' }
    const { headers } = await preflight(test.url, PAGE, local)
    assert.equal(headers['access-control-allow-private-network'], 'true')
    // Not a preflight: a method like any other.
    const plain = await send(test.url, { method: 'OPTIONS', headers: { origin: PAGE } })
    assert.equal(plain.status, 401)
  })

  it('may read answers, errors and streams, and the headers that MCP needs', async () => {
    await using test = await startTestEdge({ allowedOrigins: [PAGE] })
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: INFO }
    const begin = { jsonrpc: '2.0', id: 0, method: 'initialize', params }
    const listing = modern('tools/list')
    const answers = [
      await send(test.url, { body: begin, headers: { origin: PAGE } }),
      await send(test.url, { ...listing, headers: { ...listing.headers, origin: PAGE } }),
      await send(test.url, { body: '{', headers: { origin: PAGE } }),
      await send(test.url, { method: 'PUT', headers: { origin: PAGE } }),
    ]
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 400, 405],
    )
    for (const { headers } of answers) {
      assert.equal(headers['access-control-allow-origin'], PAGE)
      assert.equal(headers['access-control-expose-headers'], EXPOSED)
      assert.equal(headers['vary'], 'Origin')
    }
    assert.ok(answers[0]?.headers['mcp-session-id'])
    const listen = modern('subscriptions/listen', { notifications: {} })
    const sse = await openSse(test.url, { ...listen, headers: { ...listen.headers, origin: PAGE } })
    assert.equal(sse.headers['access-control-allow-origin'], PAGE)
    sse.close()
  })

  it('may do nothing if nobody named their origin, and are only told so', async () => {
    await using test = await startTestEdge({ allowedOrigins: [PAGE] })
    const foreign = 'https://evil.example.com'
    const listing = modern('tools/list')
    const headers = { ...listing.headers, origin: foreign }
    for (const { status, headers: answered } of [
      await preflight(test.url, foreign),
      await send(test.url, { ...listing, headers }),
    ]) {
      assert.equal(status, 403)
      assert.equal(answered['access-control-allow-origin'], undefined)
    }
  })

  it('are let in from this machine unless the file says which origins are', async () => {
    await using test = await startTestEdge()
    const { headers } = await preflight(test.url, 'http://localhost:5173')
    assert.equal(headers['access-control-allow-origin'], 'http://localhost:5173')
    assert.equal((await preflight(test.url, PAGE)).status, 403)
  })

  it('change nothing for clients that are none', async () => {
    await using test = await startTestEdge({ allowedOrigins: ['*'] })
    const { status, headers } = await send(test.url, modern('tools/list'))
    assert.equal(status, 200)
    for (const name of ['access-control-allow-origin', 'access-control-expose-headers', 'vary']) {
      assert.equal(headers[name], undefined)
    }
  })
})
