import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { event, json, serveBadHttp, sse } from '../../testing/bad-peers.ts'
import type { Misbehaviour } from '../../testing/bad-peers.ts'
import { openTestConnection, textOf, toolCall, until } from '../../testing/test-connection.ts'

interface Rejection {
  code: string
  ran?: 'no' | 'unknown'
  httpStatus?: number
  message?: RegExp
}

const html: Misbehaviour = (response) =>
  void response.writeHead(200, { 'content-type': 'text/html' }).end('<html></html>')
const refuse =
  (status: number, body = ''): Misbehaviour =>
  (response) =>
    void response.writeHead(status, { 'content-type': 'text/plain' }).end(body)

const CASES: [name: string, misbehave: Misbehaviour, rejection: Rejection][] = [
  ['HTML', html, { code: 'MCP_BACKEND_PROTOCOL', ran: 'unknown', message: /text\/html/ }],
  [
    'broken JSON',
    (response) =>
      void response.writeHead(200, { 'content-type': 'application/json' }).end('{"jsonrpc"'),
    { code: 'MCP_BACKEND_PROTOCOL', ran: 'unknown' },
  ],
  [
    'a result that is no object',
    (response, { id }) => json(response, { jsonrpc: '2.0', id, result: 7 }),
    { code: 'MCP_BACKEND_PROTOCOL', ran: 'unknown' },
  ],
  [
    'an answer to another request',
    (response) => json(response, { jsonrpc: '2.0', id: 4711, result: {} }),
    { code: 'MCP_BACKEND_PROTOCOL', ran: 'unknown', message: /4711/ },
  ],
  [
    'nothing at all',
    (response) => void response.writeHead(202).end(),
    { code: 'MCP_BACKEND_PROTOCOL' },
  ],
  [
    'the end of the connection',
    (response) => void response.destroy(),
    { code: 'MCP_BACKEND_GONE', ran: 'unknown' },
  ],
  [
    'half a JSON answer',
    (response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
      response.write('{"jsonrpc":"2.0","id":', () => setTimeout(() => response.destroy(), 20))
    },
    { code: 'MCP_BACKEND_GONE', ran: 'unknown' },
  ],
  [
    'a stream that ends before the response',
    (response) => void sse(response).end(': nothing\n\n'),
    { code: 'MCP_BACKEND_GONE', ran: 'unknown' },
  ],
  [
    'a stream that breaks in the middle of an event',
    (response) => {
      sse(response).write('data: {"jsonrpc":"2.0"')
      setTimeout(() => response.destroy(), 20)
    },
    { code: 'MCP_BACKEND_GONE', ran: 'unknown' },
  ],
  [
    'junk in the stream',
    (response) => void sse(response).write('data: hello\n\n'),
    { code: 'MCP_BACKEND_PROTOCOL', ran: 'unknown' },
  ],
  [
    'an announced length over the limit',
    (response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '2000000' })
      response.write('{')
    },
    { code: 'MCP_BACKEND_PROTOCOL', message: /limit is 1000000/ },
  ],
  [
    'more bytes than the limit',
    (response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end('x'.repeat(2_000_000))
    },
    { code: 'MCP_BACKEND_PROTOCOL', message: /limit is 1000000/ },
  ],
  [
    '401',
    refuse(401, 'who?'),
    { code: 'MCP_BACKEND_HTTP', ran: 'no', httpStatus: 401, message: /who/ },
  ],
  ['403', refuse(403), { code: 'MCP_BACKEND_HTTP', ran: 'no', httpStatus: 403 }],
  ['500', refuse(500, 'oops'), { code: 'MCP_BACKEND_HTTP', ran: 'unknown', httpStatus: 500 }],
  ['404 to the session', refuse(404), { code: 'MCP_BACKEND_SESSION_LOST', ran: 'no' }],
  [
    '400 of a server that was restarted',
    (response) =>
      json(
        response,
        { jsonrpc: '2.0', id: null, error: { code: -32000, message: 'No valid session ID' } },
        400,
      ),
    { code: 'MCP_BACKEND_SESSION_LOST', ran: 'no' },
  ],
  [
    'a redirect to another host',
    (response) => void response.writeHead(307, { location: 'http://127.0.0.2:1/mcp' }).end(),
    { code: 'MCP_BACKEND_HTTP', httpStatus: 307 },
  ],
  [
    'redirects in circles',
    (response) => void response.writeHead(307, { location: '/mcp' }).end(),
    { code: 'MCP_BACKEND_PROTOCOL', message: /circles/ },
  ],
]

describe('an HTTP backend that misbehaves', { concurrency: 6 }, () => {
  for (const [name, misbehave, { code, message, ...details }] of CASES) {
    it(`answers with ${name}: ${code}`, async () => {
      await using peer = await serveBadHttp(misbehave)
      await using test = await openTestConnection(peer.target, { maxMessageBytes: 1_000_000 })
      await assert.rejects(
        test.connection.request(toolCall('a')),
        (error: { code: string; message: string; details: object }) => {
          assert.equal(error.code, code)
          assert.partialDeepStrictEqual(error.details, details)
          if (message) assert.match(error.message, message)
          return true
        },
      )
      assert.equal(test.connection.inFlight, 0)
      assert.equal(test.heard.closed.length, code === 'MCP_BACKEND_SESSION_LOST' ? 1 : 0)
    })
  }

  it('times out a call that is never answered', async () => {
    await using peer = await serveBadHttp(() => {})
    await using test = await openTestConnection(peer.target)
    const request = toolCall('a', {}, { timeouts: { idleMs: 200, absoluteMs: 0 } })
    await assert.rejects(test.connection.request(request), { code: 'MCP_BACKEND_TIMEOUT' })
    await until(() => peer.requests.includes('POST notifications/cancelled'), 'the cancellation')
  })

  it('does not count the wait for the client as silence of the backend', async () => {
    await using peer = await serveBadHttp((response, _, good) => {
      const question = { jsonrpc: '2.0', id: 'q', method: 'roots/list' }
      sse(response).write(event(question))
      setTimeout(() => response.end(event(good)), 600)
    })
    await using test = await openTestConnection(peer.target)
    const request = toolCall(
      'a',
      {},
      {
        timeouts: { idleMs: 150, absoluteMs: 300 },
        onQuestion: () => new Promise((resolve) => setTimeout(() => resolve({ roots: [] }), 580)),
      },
    )
    assert.equal(textOf(await test.connection.request(request)), 'a')
  })

  it('takes the response of a stream that never ends', async () => {
    let streamClosed = false
    await using peer = await serveBadHttp((response, _, good) => {
      sse(response).write(event(good) + event(good))
      response.on('close', () => (streamClosed = true))
    })
    await using test = await openTestConnection(peer.target)
    for (let i = 0; i < 5; i++) {
      assert.equal(textOf(await test.connection.request(toolCall('a'))), 'a')
    }
    await until(() => streamClosed, 'the end of the stream', 8000)
  })

  it('follows a redirect on the same host, and stays there', async () => {
    await using peer = await serveBadHttp((response, _, good, request) =>
      request.url === '/mcp/'
        ? json(response, good)
        : void response.writeHead(308, { location: '/mcp/' }).end(),
    )
    await using test = await openTestConnection(peer.target)
    assert.equal(textOf(await test.connection.request(toolCall('a'))), 'a')
    assert.equal(textOf(await test.connection.request(toolCall('b'))), 'b')
    assert.equal(peer.requests.filter((each) => each === 'POST tools/call').length, 3)
  })

  it('takes up a stream that ended before the response', async () => {
    let resumedAfter: unknown
    await using peer = await serveBadHttp(
      (response) => void sse(response).end('id: e1\nretry: 120\ndata:\n\n'),
      (response, request) => {
        const id = request.headers['last-event-id']
        if (id === undefined) return void response.writeHead(405).end()
        resumedAfter = id
        const result = { content: [{ type: 'text', text: 'late' }] }
        sse(response).end(event({ jsonrpc: '2.0', id: 2, result }, 'e2'))
      },
    )
    await using test = await openTestConnection(peer.target, { era: 'legacy' })
    const pauses: number[] = []
    const startedMs = performance.now()
    const request = toolCall('a', {}, { onStreamPaused: (retryMs) => void pauses.push(retryMs) })
    assert.equal(textOf(await test.connection.request(request)), 'late')
    assert.ok(performance.now() - startedMs >= 115)
    assert.deepEqual(pauses, [120])
    assert.equal(resumedAfter, 'e1')
  })

  it('survives an event id that cannot be sent back', async () => {
    await using peer = await serveBadHttp(
      (response) => void sse(response).end('id: \u0001\nretry: 1\ndata:\n\n'),
    )
    await using test = await openTestConnection(peer.target)
    await assert.rejects(test.connection.request(toolCall('a')), { code: 'MCP_BACKEND_GONE' })
  })

  it('sends an event id beyond ASCII back as it came', async () => {
    let resumedAfter: unknown
    await using peer = await serveBadHttp(
      (response) => void sse(response).end('id: é→1\nretry: 1\ndata:\n\n'),
      (response, request) => {
        const id = request.headers['last-event-id']
        if (id === undefined) return void response.writeHead(405).end()
        resumedAfter = Buffer.from(String(id), 'latin1').toString('utf8')
        sse(response).end(event({ jsonrpc: '2.0', id: 2, result: { content: [] } }))
      },
    )
    await using test = await openTestConnection(peer.target, { era: 'legacy' })
    await test.connection.request(toolCall('a'))
    assert.equal(resumedAfter, 'é→1')
  })

  it('gives up a stream that cannot be taken up', async () => {
    await using peer = await serveBadHttp(
      (response) => void sse(response).end('id: e1\nretry: 10\ndata:\n\n'),
      (response) => void response.writeHead(405).end(),
    )
    await using test = await openTestConnection(peer.target)
    await assert.rejects(test.connection.request(toolCall('a')), {
      code: 'MCP_BACKEND_GONE',
      message: /HTTP 405/,
    })
  })

  it('says that its trust anchors cannot be read', async () => {
    await assert.rejects(
      openTestConnection({
        kind: 'http',
        url: 'https://localhost:1/mcp',
        transport: 'streamable-http',
        caBundlePath: '/no/such/bundle.pem',
      }),
      { code: 'MCP_BACKEND_UNREACHABLE', message: /bundle\.pem/ },
    )
  })

  it('says that nobody is there', async () => {
    const peer = await serveBadHttp(() => {})
    await peer[Symbol.asyncDispose]()
    await assert.rejects(openTestConnection(peer.target), {
      code: 'MCP_BACKEND_UNREACHABLE',
      message: /ECONNREFUSED/,
    })
  })

  it('fails calls whose server goes away, and tells that later ones did not run', async () => {
    const peer = await serveBadHttp(() => {})
    await using test = await openTestConnection(peer.target)
    const call = assert.rejects(test.connection.request(toolCall('a')), {
      code: 'MCP_BACKEND_GONE',
    })
    await until(() => peer.requests.includes('POST tools/call'), 'the call')
    await peer[Symbol.asyncDispose]()
    await call
    await assert.rejects(
      test.connection.request(toolCall('a')),
      (error: { code: string; details: { ran: string } }) =>
        error.code === 'MCP_BACKEND_UNREACHABLE' && error.details.ran === 'no',
    )
  })
})
