import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { event, json, serveBadHttp, sse } from '../../testing/bad-peers.ts'
import { serveHttp, serveLegacyTools, serveSseTools } from '../../testing/http-tool-servers.ts'
import { openTestConnection, textOf, toolCall, until } from '../../testing/test-connection.ts'

/** Of a connection that several clients share. */
const SHARED_EVENTS = {
  onNotification() {},
  onQuestion: () => Promise.reject(new Error('nobody in particular')),
  onClose() {},
}

describe('a connection to a legacy HTTP backend', () => {
  it('announces itself, keeps its session and ends it', async () => {
    await using peer = await serveBadHttp((response, _, good) => json(response, good))
    const test = await openTestConnection(peer.target, { openStream: false })
    assert.equal(test.connection.sessionId, 's1')
    await test.connection.request(toolCall('a'))
    await test[Symbol.asyncDispose]()
    assert.deepEqual(peer.requests, [
      'POST server/discover',
      'POST initialize',
      'POST notifications/initialized',
      'POST tools/call',
      'DELETE',
    ])
  })

  it('sends session, version and the headers of owner and request', async () => {
    let seen: NodeJS.Dict<string | string[]> = {}
    await using peer = await serveBadHttp((response, _, good, request) => {
      seen = request.headers
      json(response, good)
    })
    await using test = await openTestConnection(peer.target, {
      headers: () => ({ authorization: 'Bearer ours', 'x-owner': '1', 'mcp-session-id': 'forged' }),
    })
    await test.connection.request(toolCall('a', {}, { headers: { authorization: 'Bearer his' } }))
    assert.partialDeepStrictEqual(seen, {
      'mcp-session-id': 's1',
      'mcp-protocol-version': '2025-11-25',
      authorization: 'Bearer his',
      'x-owner': '1',
    })
  })

  it('continues a session that another connection has opened', async () => {
    await using server = await serveLegacyTools()
    const target = { kind: 'http', url: `${server.url}/mcp`, transport: 'streamable-http' } as const
    await using first = await openTestConnection(target)
    const { sessionId, version, server: description } = first.connection
    await using second = await openTestConnection(target, {
      openStream: false,
      resume: { sessionId: sessionId!, version, server: description },
    })
    assert.equal(second.connection.sessionId, sessionId)
    assert.equal(second.connection.server.info.name, 'tool-server')
    assert.equal(textOf(await second.connection.request(toolCall('echo', { message: 'b' }))), 'b')
  })

  it('leaves the session alive for another connection when told so', async () => {
    await using peer = await serveBadHttp((response, _, good) => json(response, good))
    await using test = await openTestConnection(peer.target)
    await test.connection.close({ keepSession: true })
    assert.ok(!peer.requests.includes('DELETE'))
  })

  it('passes over events of the SSE transport that are no messages', async () => {
    await using server = await serveSseTools()
    await using front = await serveHttp((request, response) => {
      proxy(server.url, request, response, 'event: ping\ndata: 2026-11-22\n\n')
    })
    const target = { kind: 'http', url: `${front.url}/sse`, transport: 'sse' } as const
    await using test = await openTestConnection(target)
    assert.equal(textOf(await test.connection.request(toolCall('echo', { message: 'a' }))), 'a')
    assert.deepEqual(test.heard.logged, [])
  })

  it('follows a redirect of the SSE stream on the same host', async () => {
    await using server = await serveSseTools()
    await using front = await serveHttp((request, response) => {
      if (request.url === '/sse/') return void response.writeHead(307, { location: '/sse' }).end()
      proxy(server.url, request, response)
    })
    const target = { kind: 'http', url: `${front.url}/sse/`, transport: 'sse' } as const
    await using test = await openTestConnection(target)
    assert.equal(textOf(await test.connection.request(toolCall('echo', { message: 'a' }))), 'a')
  })

  it('tells that the backend has forgotten the session, and refuses what comes later', async () => {
    await using server = await serveLegacyTools()
    const target = { kind: 'http', url: `${server.url}/mcp`, transport: 'streamable-http' } as const
    await using test = await openTestConnection(target)
    const running = test.connection.request(toolCall('slow', { steps: 1, stepMs: 300 }))
    await sleep(100)
    server.forget()
    for (let i = 0; i < 2; i++) {
      await assert.rejects(test.connection.request(toolCall('echo', { message: 'a' })), {
        code: 'MCP_BACKEND_SESSION_LOST',
      })
    }
    assert.equal(test.heard.closed.length, 1)
    assert.equal(textOf(await running), 'done')
  })

  it('hears the standalone stream, and opens it again when it ends', async () => {
    let opened = 0
    let lastId: unknown
    const streams: ServerResponse[] = []
    await using peer = await serveBadHttp(
      (response, _, good) => json(response, good),
      (response, request) => {
        opened++
        lastId = request.headers['last-event-id']
        streams.push(sse(response))
      },
    )
    await using test = await openTestConnection(peer.target)
    await until(() => opened === 1, 'the stream')
    const changed = { jsonrpc: '2.0', method: 'notifications/tools/list_changed' }
    streams[0]!.end(`retry: 50\n${event(changed, 'e7')}`)
    await until(() => opened === 2, 'the second stream')
    assert.equal(lastId, 'e7')
    streams[1]!.write(event({ jsonrpc: '2.0', id: 'r', method: 'roots/list' }))
    await until(() => test.heard.questions.length === 1, 'the question')
    assert.deepEqual(test.heard.notifications, [['notifications/tools/list_changed', {}]])
  })

  it('has a stream that another replica had soon after that has gone, and says what it may have missed', async () => {
    let asked = 0
    let isTaken = true
    await using peer = await serveBadHttp(
      (response, _, good) => json(response, good),
      (response) => {
        asked++
        if (isTaken) response.writeHead(409).end()
        else sse(response)
      },
    )
    const listeners = new Set<() => void>()
    const test = await openTestConnection(peer.target, {
      onPeerGone(listener) {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
    })
    await until(() => asked === 2, 'two tries; the next is 1.6 s away at least')
    for (const listener of listeners) listener()
    await until(() => asked >= 4, 'several tries, as the backend has to notice as well', 1_500)
    isTaken = false
    await until(() => test.heard.missed === 1, 'the stream')
    await test[Symbol.asyncDispose]()
    assert.equal(listeners.size, 0)
  })

  it('opens the standalone stream before the first call, and does not wait for ever', async () => {
    await using peer = await serveBadHttp(
      (response, _, good) => json(response, good),
      () => {},
    )
    await using test = await openTestConnection(peer.target)
    await test.connection.request(toolCall('a'))
    assert.ok(peer.requests.indexOf('GET') < peer.requests.indexOf('POST tools/call'))
  })

  it('asks the call in flight what comes on the standalone stream, if there is just one', async () => {
    let stream: ServerResponse | undefined
    let finish = () => {}
    await using peer = await serveBadHttp(
      (response, _, good) => (finish = () => json(response, good)),
      (response) => (stream = sse(response)),
    )
    await using test = await openTestConnection(peer.target)
    const asked: string[] = []
    const call = test.connection.request(
      toolCall(
        'a',
        {},
        {
          onQuestion(question) {
            asked.push(question.method)
            return Promise.resolve({ action: 'decline' })
          },
        },
      ),
    )
    await until(() => stream !== undefined && peer.requests.includes('POST tools/call'), 'both')
    stream!.write(event({ jsonrpc: '2.0', id: 1, method: 'elicitation/create', params: {} }))
    await until(() => asked.length === 1, 'the question')
    finish()
    assert.equal(textOf(await call), 'a')
    assert.deepEqual(test.heard.questions, [])
  })

  it('lets calls take turns until it is known that they do not ask on the standalone stream', async () => {
    let stream: ServerResponse | undefined
    const finish: (() => void)[] = []
    await using peer = await serveBadHttp(
      (response, _, good) => void finish.push(() => json(response, good)),
      (response) => (stream = sse(response)),
    )
    await using test = await openTestConnection(peer.target, { events: SHARED_EVENTS })
    const asked: string[] = []
    const call = (who: string, tool: string) =>
      test.connection.request(
        toolCall(
          tool,
          {},
          {
            onQuestion({ params }) {
              asked.push(`${who}: ${params['text'] as string}`)
              return Promise.resolve({ action: 'decline' })
            },
          },
        ),
      )
    const posted = () => peer.requests.filter((each) => each === 'POST tools/call').length
    const calls = [call('a', 'ask'), call('b', 'ask')]
    await until(() => stream !== undefined && posted() === 1, 'the first call')
    for (const who of ['a', 'b']) {
      const params = { text: `of ${who}` }
      stream!.write(event({ jsonrpc: '2.0', id: who, method: 'elicitation/create', params }))
      await until(() => asked.length === (who === 'a' ? 1 : 2), `the question of ${who}`)
      finish.shift()!()
      if (who === 'a') await until(() => posted() === 2, 'the second call')
    }
    await Promise.all(calls)
    assert.deepEqual(asked, ['a: of a', 'b: of b'])
    const quiet = [call('a', 'quiet'), call('b', 'quiet')]
    await until(() => posted() === 3, 'the first of the others')
    finish.shift()!()
    await until(() => posted() === 4, 'the second of the others')
    finish.shift()!()
    await Promise.all(quiet)
  })

  it('finds the SSE transport behind an address that does not take POST', async () => {
    await using server = await serveSseTools()
    const url = `${server.url}/sse`
    await using test = await openTestConnection({ kind: 'http', url, transport: 'streamable-http' })
    assert.equal(test.connection.transport, 'sse')
    assert.equal(textOf(await test.connection.request(toolCall('echo', { message: 'a' }))), 'a')
  })

  it('tells the end of an SSE stream, and posts to no other origin', async () => {
    await using server = await serveSseTools()
    const url = `${server.url}/sse`
    await using test = await openTestConnection({ kind: 'http', url, transport: 'sse' })
    server.drop()
    await until(() => test.heard.closed.length === 1, 'onClose')
    await assert.rejects(test.connection.request(toolCall('a')), { code: 'MCP_BACKEND_GONE' })
    await using evil = await serveBadHttp(
      () => {},
      (response) => void sse(response).write('event: endpoint\ndata: http://127.0.0.2:1/steal\n\n'),
    )
    const target = { kind: 'http', url: `${evil.url}/sse`, transport: 'sse' } as const
    await assert.rejects(openTestConnection(target), {
      code: 'MCP_BACKEND_PROTOCOL',
      message: /another origin/,
    })
  })
})

/** `greeting`: what is put before the answer to a GET. */
function proxy(
  to: string,
  request: IncomingMessage,
  response: ServerResponse,
  greeting?: string,
): void {
  const { method, headers, url } = request
  const onward = httpRequest(to + url, { method, headers }, (answer) => {
    response.writeHead(answer.statusCode!, answer.headers)
    if (greeting !== undefined && method === 'GET') response.write(greeting)
    answer.pipe(response)
  })
  onward.on('error', () => response.destroy())
  response.on('close', () => onward.destroy())
  request.pipe(onward)
}
