import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../base/errors.ts'
import { appError, codeOf } from './testing/fake-errors.ts'
import { initializeLegacy, modern, send, startTestEdge } from './testing/test-edge.ts'
import type { TestEdge } from './testing/test-edge.ts'

const echo = modern('tools/call', { name: 'echo', arguments: {} })

/** Writes raw bytes and gives back everything the server says until it closes the connection. */
async function raw(test: TestEdge, text: string): Promise<string> {
  const socket = connect(Number(new URL(test.origin).port), '127.0.0.1')
  socket.setEncoding('utf8')
  let answer = ''
  socket.on('data', (chunk: string) => {
    answer += chunk
  })
  socket.on('error', () => {})
  socket.write(text)
  await new Promise((resolve) => socket.on('close', resolve))
  return answer
}

const head = (test: TestEdge, lines: string[]): string =>
  [
    'POST /mcp HTTP/1.1',
    `Host: ${new URL(test.origin).host}`,
    'Content-Type: application/json',
    ...lines,
    '',
    '',
  ].join('\r\n')

describe('bodies', () => {
  it('are answered with 400 and -32700 if they are not JSON, -32600 if they are no message', async () => {
    await using test = await startTestEdge()
    for (const body of ['{', '', 'hello']) {
      const answer = await send(test.url, { body })
      assert.equal(answer.status, 400)
      assert.equal(answer.json.error?.['code'], -32700)
      assert.equal(answer.json.id, null)
    }
    const answer = await send(test.url, { body: { jsonrpc: '2.0', id: 'x' } })
    assert.equal(answer.status, 400)
    assert.equal(answer.json.error?.['code'], -32600)
    assert.equal(answer.json.id, 'x')
  })

  it('are refused with 413 if they are too large, announced or not', async () => {
    await using test = await startTestEdge({ limits: { maxBodyBytes: 1_000 } })
    const announced = await raw(test, head(test, ['Content-Length: 5000']))
    assert.match(announced, /^HTTP\/1\.1 413 /)
    assert.match(announced, /Connection: close/i)
    assert.match(announced, /"code":-32600/)
    const chunk = `800\r\n${'x'.repeat(2_048)}\r\n`
    const chunked = await raw(test, head(test, ['Transfer-Encoding: chunked']) + chunk)
    assert.match(chunked, /^HTTP\/1\.1 413 /)
  })

  it('are given up if they come too slowly', async () => {
    await using test = await startTestEdge({ limits: { bodyTimeoutMs: 30, tickMs: 5 } })
    const answer = await raw(test, `${head(test, ['Content-Length: 100'])}{"jsonrpc":`)
    assert.match(answer, /^HTTP\/1\.1 408 /)
  })

  it('leave nothing behind if the client goes away in the middle', async () => {
    await using test = await startTestEdge()
    const socket = connect(Number(new URL(test.origin).port), '127.0.0.1')
    socket.on('error', () => {})
    socket.write(`${head(test, ['Content-Length: 100'])}{"jsonrpc":`)
    await sleep(20)
    socket.destroy()
    await sleep(20)
    assert.equal(test.gateway.calls.length, 0)
    assert.equal((await send(test.url, echo)).status, 200)
  })

  it('come in pieces and in any encoding of JSON', async () => {
    await using test = await startTestEdge()
    const body = Buffer.from(
      JSON.stringify(modern('tools/call', { name: 'echo', arguments: { ü: '𝄞' } }).body),
    )
    const headers = Object.entries(echo.headers).map(([name, value]) => `${name}: ${value}`)
    const text = head(test, [...headers, `Content-Length: ${body.length}`, 'Connection: close'])
    const socket = connect(Number(new URL(test.origin).port), '127.0.0.1')
    let answer = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      answer += chunk
    })
    const closed = new Promise((resolve) => socket.on('close', resolve))
    socket.write(text)
    for (let i = 0; i < body.length; i += 37) {
      socket.write(body.subarray(i, i + 37))
      await sleep(1)
    }
    await closed
    assert.match(answer, /𝄞/)
  })

  it('have to be JSON by their type, for a client that accepts an answer', async () => {
    await using test = await startTestEdge()
    const refused = async (headers: Record<string, string>): Promise<number> =>
      (await send(test.url, { ...echo, headers: { ...echo.headers, ...headers } })).status
    assert.equal(await refused({ 'content-type': 'text/plain' }), 415)
    assert.equal(await refused({ 'content-type': 'application/json; charset=utf-8' }), 200)
    assert.equal(await refused({ accept: 'text/html' }), 406)
    assert.equal(await refused({ accept: '*/*' }), 200)
    assert.equal(await refused({ accept: 'application/json' }), 200)
    assert.equal((await send(test.url, { method: 'PUT', body: {} })).status, 405)
  })
})

describe('batches', () => {
  const call = (id: number): object => ({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name: 'echo', arguments: { id } },
  })

  it('are answered element by element in 2025-03-26', async () => {
    await using test = await startTestEdge()
    const client = await initializeLegacy(test.url, { version: '2025-03-26' })
    const notification = { jsonrpc: '2.0', method: 'notifications/roots/list_changed' }
    const answer = await client.post([call(1), notification, call(2), { nonsense: true }])
    assert.equal(answer.headers['content-type'], 'application/json')
    const all = JSON.parse(answer.text) as { id: number | null; error?: { code: number } }[]
    assert.deepEqual(all.map(({ id }) => id).sort(), [1, 2, null])
    assert.equal(all.find(({ error }) => error)?.error?.code, -32600)
    assert.equal(test.gateway.notifications[0]?.method, notification.method)
    assert.equal((await client.post([notification, notification])).status, 202)
  })

  it('turn into a stream when one of them has to say something', async () => {
    await using test = await startTestEdge()
    test.gateway.tools.set('talks', (talks) => {
      talks.notify('notifications/message', { level: 'info', data: 'x' })
      return { kind: 'error', error: { code: 5, message: 'no' } }
    })
    const client = await initializeLegacy(test.url, { version: '2025-03-26' })
    const talks = { ...call(2), params: { name: 'talks' } }
    const answer = await client.post([call(1), talks, call(3)])
    assert.equal(answer.headers['content-type'], 'text/event-stream')
    assert.equal(answer.text.match(/\ndata: /g)?.length, 4)
  })

  it('are refused elsewhere, and if they are too many', async () => {
    await using test = await startTestEdge({ limits: { maxBatchCount: 2 } })
    const current = await initializeLegacy(test.url)
    assert.equal((await current.post([call(1)])).status, 400)
    const old = await initializeLegacy(test.url, { version: '2025-03-26' })
    assert.equal((await old.post([call(1), call(2), call(3)])).status, 400)
    assert.equal((await old.post([])).status, 400)
  })
})

describe('the host guard', () => {
  it('refuses hosts and origins that are not from here', async () => {
    await using test = await startTestEdge()
    const status = async (headers: Record<string, string>): Promise<number> =>
      (await send(test.url, { ...echo, headers: { ...echo.headers, ...headers } })).status
    assert.equal(await status({ host: 'evil.example' }), 403)
    const { json } = await send(test.url, {
      ...echo,
      headers: { ...echo.headers, host: 'evil.example' },
    })
    assert.deepEqual(json.error?.['data'], {
      code: 'MCP_HOST_NOT_ALLOWED',
      hint: 'If clients or a proxy call the gateway by that name, add it to server.allowedHosts',
    })
    assert.equal(await status({ host: 'localhost:1234' }), 200)
    assert.equal(await status({ origin: 'https://evil.example' }), 403)
    assert.equal(await status({ origin: 'null' }), 403)
    assert.equal(await status({ origin: 'http://localhost:3000' }), 200)
  })

  it('goes by the lists it is given', async () => {
    await using test = await startTestEdge({
      allowedHosts: ['mcp.example', '127.0.0.1'],
      allowedOrigins: ['https://app.example'],
    })
    const status = async (headers: Record<string, string>): Promise<number> =>
      (await send(test.url, { ...echo, headers: { ...echo.headers, ...headers } })).status
    assert.equal(await status({ host: 'MCP.example:8080' }), 200)
    assert.equal(await status({ host: 'localhost' }), 403)
    assert.equal(await status({ origin: 'https://app.example' }), 200)
    assert.equal(await status({ origin: 'http://localhost' }), 403)
    await using open = await startTestEdge({ allowedHosts: ['*'], allowedOrigins: ['*'] })
    const headers = { ...echo.headers, host: 'any.example', origin: 'https://any.example' }
    assert.equal((await send(open.url, { ...echo, headers })).status, 200)
  })
})

describe('authentication', () => {
  it('denies before the body is read, at once or later', async () => {
    const denied = {
      status: 401,
      headers: { 'WWW-Authenticate': 'Bearer', 'Content-Type': 'application/json' },
      body: '{"error":"invalid_token"}',
    }
    for (const outcome of [denied, Promise.resolve(denied)]) {
      await using test = await startTestEdge({ authenticate: () => outcome })
      const answer = await send(test.url, echo)
      assert.equal(answer.status, 401)
      assert.equal(answer.headers['www-authenticate'], 'Bearer')
      assert.equal(answer.text, denied.body)
    }
  })

  it('that fails is answered with 500 and tells nothing', async () => {
    for (const fail of [
      () => {
        throw new Error('secret')
      },
      () => Promise.reject(new Error('secret')),
    ]) {
      await using test = await startTestEdge({ authenticate: fail })
      const answer = await send(test.url, echo)
      assert.equal(answer.status, 500)
      assert.equal(answer.json.error?.['code'], -32603)
      assert.doesNotMatch(answer.text, /secret/)
    }
  })
})

describe('modern envelope and headers', () => {
  const check = async (
    test: TestEdge,
    headers: Record<string, string | undefined>,
    body: object = echo.body,
  ): Promise<[number, unknown]> => {
    const merged = Object.entries({ ...echo.headers, ...headers }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    )
    const answer = await send(test.url, { body, headers: Object.fromEntries(merged) })
    return [answer.status, answer.json.error?.['code']]
  }

  it('have to be there and to agree', async () => {
    await using test = await startTestEdge()
    const mismatch = [400, -32020]
    assert.deepEqual(await check(test, { 'mcp-protocol-version': undefined }), mismatch)
    assert.deepEqual(await check(test, { 'mcp-protocol-version': '2025-11-25' }), mismatch)
    assert.deepEqual(await check(test, { 'mcp-method': undefined }), mismatch)
    assert.deepEqual(await check(test, { 'mcp-method': 'TOOLS/CALL' }), mismatch)
    assert.deepEqual(await check(test, { 'mcp-name': undefined }), mismatch)
    assert.deepEqual(await check(test, { 'mcp-name': 'other' }), mismatch)
    assert.deepEqual(await check(test, { 'mcp-name': '=?base64?!?=' }), mismatch)
    assert.deepEqual(await check(test, { 'mcp-name': '=?base64?ZWNobw==?=' }), [200, undefined])
    assert.deepEqual(await check(test, { 'mcp-name': '  echo  ' }), [200, undefined])
    const bare = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
    assert.deepEqual(await check(test, {}, bare), [400, -32602])
    assert.deepEqual(await check(test, {}, { ...bare, method: 'initialize' }), mismatch)
  })

  it('name the supported versions for one that is not', async () => {
    await using test = await startTestEdge()
    const meta = { 'io.modelcontextprotocol/protocolVersion': 'v999.0.0' }
    const asked = modern('server/discover', {}, { meta })
    const headers = { ...asked.headers, 'mcp-protocol-version': 'v999.0.0' }
    const answer = await send(test.url, { ...asked, headers })
    assert.equal(answer.status, 400)
    assert.equal(answer.json.error?.['code'], -32022)
    const discovered = await send(test.url, modern('server/discover'))
    assert.deepEqual(answer.json.error?.['data'], {
      supported: discovered.json.result?.['supportedVersions'],
      requested: 'v999.0.0',
    })
  })

  it('mirror annotated parameters', async () => {
    await using test = await startTestEdge()
    const annotated = new Map([['region', { path: ['region'], type: 'string' as const }]])
    test.gateway.paramHeaders.set('echo', annotated)
    const { body } = modern('tools/call', { name: 'echo', arguments: { region: 'eu' } })
    assert.deepEqual(await check(test, { 'mcp-param-region': 'eu' }, body), [200, undefined])
    assert.deepEqual(await check(test, { 'mcp-param-region': 'us' }, body), [400, -32020])
    assert.deepEqual(await check(test, {}, body), [400, -32020])
    assert.deepEqual(await check(test, { 'mcp-param-region': 'eu' }), [400, -32020])
    assert.deepEqual(await check(test, {}), [200, undefined])
  })

  it('are not asked of notifications', async () => {
    await using test = await startTestEdge()
    const body = { jsonrpc: '2.0', method: 'notifications/anything' }
    const headers = { 'mcp-protocol-version': '2026-07-28' }
    const answer = await send(test.url, { body, headers })
    assert.equal(answer.status, 202)
    assert.equal(answer.text, '')
  })
})

describe('failures of a call', () => {
  it('show code and hint of ours, an id for bugs, and are in band', async () => {
    await using test = await startTestEdge()
    const failing = async (thrown: unknown): Promise<Awaited<ReturnType<typeof send>>> => {
      test.gateway.tools.set('fails', () => {
        throw thrown
      })
      return send(test.url, modern('tools/call', { name: 'fails' }, { id: 'me' }))
    }
    const bug = await failing(new TypeError('secret'))
    assert.equal(bug.status, 200)
    assert.equal(bug.json.id, 'me')
    assert.equal(bug.json.error?.['code'], -32603)
    assert.doesNotMatch(bug.text, /secret/)
    const gone = await failing(appError('X_GONE', 'environment', 502))
    assert.equal(gone.status, 200)
    assert.equal(gone.json.error?.['code'], codeOf('failure'))
    assert.deepEqual(gone.json.error?.['data'], { code: 'X_GONE', hint: 'Try' })
    const slow = await failing(appError('X_SLOW', 'environment', 504))
    assert.equal(slow.json.error?.['code'], codeOf('timeout'))
    const bad = await failing(appError('X_BAD', 'caller', 400))
    assert.equal(bad.json.error?.['code'], -32602)
    const forbidden = await failing(appError('X_NO', 'caller', 403))
    assert.equal(forbidden.status, 403)
    assert.equal(forbidden.json.error?.['code'], 403)
    const limited = await failing(appError('X_FULL', 'caller', 429))
    assert.equal(limited.status, 429)
    assert.equal(limited.json.error?.['code'], codeOf('overloaded'))
  })

  it('say when to try again: to modern clients by HTTP, to legacy ones as the result of the tool', async () => {
    await using test = await startTestEdge()
    const message = 'Rate limit exceeded: try again in 2 s'
    const details = { retryAfterMs: 1_500 }
    test.gateway.tools.set('busy', () => {
      throw new AppError({ code: 'X_LIMITED', fault: 'caller', status: 429, message, details })
    })
    const error = { code: 429, message, data: { retryAfterSeconds: 2 } }
    const now = await send(test.url, modern('tools/call', { name: 'busy' }))
    assert.equal(now.status, 429)
    assert.equal(now.headers['retry-after'], '2')
    assert.deepEqual(now.json.error, error)

    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'busy' } }
    const client = await initializeLegacy(test.url)
    const old = await client.post(call)
    assert.deepEqual([old.status, old.headers['retry-after']], [200, '2'])
    const content = [{ type: 'text', text: message }]
    assert.deepEqual(old.json.result, { content, structuredContent: error, isError: true })
    const older = await initializeLegacy(test.url, { version: '2025-03-26' })
    assert.deepEqual((await older.post(call)).json.result, { content, isError: true })
    const read = await client.post({ ...call, method: 'prompts/get' })
    assert.deepEqual([read.status, read.json.error], [429, error], 'what is no tool has no result')

    test.gateway.tools.set('away', () => {
      throw new AppError({ code: 'X_AWAY', fault: 'environment', status: 503, message, details })
    })
    const away = await send(test.url, modern('tools/call', { name: 'away' }))
    assert.deepEqual([away.status, away.headers['retry-after']], [503, '2'])
    assert.deepEqual(away.json.error?.['data'], { code: 'X_AWAY', retryAfterMs: 1_500 })
  })

  it('tell a missing resource in the code of the era', async () => {
    await using test = await startTestEdge()
    test.gateway.tools.set('x://old', () => ({
      kind: 'error',
      error: { code: -32002, message: 'no' },
    }))
    test.gateway.tools.set('x://new', () => ({
      kind: 'error',
      error: { code: -32602, message: 'no', data: { uri: 'x://new' } },
    }))
    const read = await send(test.url, modern('resources/read', { uri: 'x://old' }))
    assert.equal(read.status, 200)
    assert.deepEqual(read.json.error, { code: -32602, message: 'no', data: { uri: 'x://old' } })
    const client = await initializeLegacy(test.url)
    const legacy = await client.post({
      jsonrpc: '2.0',
      id: 1,
      method: 'resources/read',
      params: { uri: 'x://new' },
    })
    assert.equal(legacy.json.error?.['code'], -32002)
  })
})
