import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { describe, it } from 'node:test'
import { json, event, sse } from '../../testing/bad-peers.ts'
import { errorOf, resultOf, serveScriptedModern } from '../../testing/scripted-modern.ts'
import type { Received } from '../../testing/scripted-modern.ts'
import { openTestConnection, toolCall, until } from '../../testing/test-connection.ts'

const SUBSCRIPTION_ID = 'io.modelcontextprotocol/subscriptionId'

describe('a connection to a modern HTTP backend', () => {
  it('sends the envelope and the headers that mirror it', async () => {
    await using server = await serveScriptedModern()
    await using test = await openTestConnection(server.target, {
      headers: () => ({ authorization: 'Bearer ours', 'mcp-method': 'forged' }),
    })
    await test.connection.request({
      ...toolCall('näme', { city: 'Zürich', _meta: 1 }),
      params: { name: 'näme', arguments: { city: 'Zürich' }, _meta: { 'x.y/z': 1 } },
      capabilities: { sampling: {} },
      clientInfo: { name: 'client', version: '9' },
      logLevel: 'info',
      wantsProgress: true,
      paramHeaders: { city: 'Zürich', plain: 'Bern' },
      headers: { 'x-tenant': 't1' },
    })
    const { message, headers } = server.received.at(-1)!
    assert.partialDeepStrictEqual(headers, {
      authorization: 'Bearer ours',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': '=?base64?bsOkbWU=?=',
      'mcp-param-city': '=?base64?WsO8cmljaA==?=',
      'mcp-param-plain': 'Bern',
      'x-tenant': 't1',
    })
    assert.deepEqual(message.params?.['_meta'], {
      'x.y/z': 1,
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': { sampling: {} },
      'io.modelcontextprotocol/clientInfo': { name: 'client', version: '9' },
      'io.modelcontextprotocol/logLevel': 'info',
      progressToken: message.id,
    })
  })

  it('relays a question with its state, and the answers of a retry', async () => {
    await using server = await serveScriptedModern()
    server.answer = (response, one) =>
      json(
        response,
        resultOf(one, { resultType: 'input_required', requestState: 'opaque', inputRequests: {} }),
      )
    await using test = await openTestConnection(server.target)
    const reply = await test.connection.request(toolCall('a'))
    assert.deepEqual(reply, { kind: 'input', requests: {}, state: 'opaque' })
    const answers = { k: { action: 'decline' } }
    await test.connection.request({ ...toolCall('a'), retry: { answers, state: 'opaque' } })
    assert.partialDeepStrictEqual(server.received.at(-1)!.message.params, {
      inputResponses: answers,
      requestState: 'opaque',
    })
  })

  it('leaves results of extensions to whoever knows them, and refuses unknown ones', async () => {
    await using server = await serveScriptedModern()
    await using test = await openTestConnection(server.target)
    server.answer = (response, one) => json(response, resultOf(one, { resultType: 'task' }))
    const task = await test.connection.request(toolCall('a'))
    assert.equal(task.kind, 'raw')
    server.answer = (response, one) => json(response, resultOf(one, { resultType: 'surprise' }))
    await assert.rejects(test.connection.request(toolCall('a')), { code: 'MCP_BACKEND_PROTOCOL' })
  })

  it('does not relay errors that speak of our hop', async () => {
    await using server = await serveScriptedModern()
    await using test = await openTestConnection(server.target)
    server.answer = (response, one) =>
      json(
        response,
        errorOf(one, -32021, 'needs sampling', { requiredCapabilities: { sampling: {} } }),
        400,
      )
    await assert.rejects(
      test.connection.request(toolCall('a')),
      (error: { code: string; details: { requiredCapabilities: object } }) => {
        assert.equal(error.code, 'MCP_CLIENT_CANNOT_ANSWER')
        assert.deepEqual(error.details.requiredCapabilities, { sampling: {} })
        return true
      },
    )
    for (const code of [-32020, -32022]) {
      server.answer = (response, one) => json(response, errorOf(one, code, 'no'), 400)
      await assert.rejects(
        test.connection.request(toolCall('a')),
        (error: { code: string; details: { ran: string; rpcError: { code: number } } }) =>
          error.code === 'MCP_BACKEND_PROTOCOL' &&
          error.details.ran === 'no' &&
          error.details.rpcError.code === code,
      )
    }
  })

  it('tries again when it is refused with the version it speaks among the supported', async () => {
    await using server = await serveScriptedModern()
    const { discover } = server
    server.discover = (response, one) => {
      server.discover = discover
      json(response, errorOf(one, -32022, 'not yet', { supported: ['2026-07-28'] }), 400)
    }
    await using test = await openTestConnection(server.target)
    assert.equal(test.connection.era, 'modern')
    server.discover = (response, one) =>
      json(response, errorOf(one, -32022, 'no', { supported: ['2030-01-01'] }), 400)
    await assert.rejects(openTestConnection(server.target), {
      code: 'MCP_BACKEND_PROTOCOL',
      message: /-32022/,
    })
  })

  it('relays method not found of a server that is still modern', async () => {
    await using server = await serveScriptedModern()
    server.answer = (response, one) => json(response, errorOf(one, -32601, 'what?'), 404)
    await using test = await openTestConnection(server.target)
    const replies = await Promise.all([1, 2, 3].map(() => test.connection.request(toolCall('a'))))
    for (const reply of replies) assert.equal(reply.kind === 'error' && reply.error.code, -32601)
    const discovers = server.received.filter(({ message }) => message.method === 'server/discover')
    assert.equal(discovers.length, 2)
    assert.deepEqual(test.heard.closed, [])
  })

  it('notices that a legacy server took its place: the call did not run', async () => {
    await using server = await serveScriptedModern()
    await using test = await openTestConnection(server.target)
    const legacy = (response: ServerResponse) =>
      json(
        response,
        { jsonrpc: '2.0', id: null, error: { code: -32000, message: 'Server not initialized' } },
        400,
      )
    server.discover = legacy
    server.answer = legacy
    const lost = (error: { code: string; details: { ran: string } }) =>
      error.code === 'MCP_BACKEND_SESSION_LOST' && error.details.ran === 'no'
    await assert.rejects(test.connection.request(toolCall('a')), lost)
    assert.equal(test.heard.closed.length, 1)
    await assert.rejects(test.connection.request(toolCall('a')), lost)
  })

  it('lets an answer stand while the server cannot be asked about its era', async () => {
    await using server = await serveScriptedModern()
    await using test = await openTestConnection(server.target)
    server.discover = (response) => void response.writeHead(503).end()
    server.answer = (response, one) => json(response, errorOf(one, -32601, 'no such'), 404)
    const reply = await test.connection.request(toolCall('a'))
    assert.equal(reply.kind === 'error' && reply.error.code, -32601)
    assert.equal(test.heard.closed.length, 0)
  })

  it('cancels by ending the stream', async () => {
    await using server = await serveScriptedModern()
    let closed = false
    server.answer = (response) => sse(response).on('close', () => (closed = true))
    await using test = await openTestConnection(server.target)
    const request = toolCall('a', {}, { timeouts: { idleMs: 0, absoluteMs: 150 } })
    await assert.rejects(test.connection.request(request), { code: 'MCP_BACKEND_TIMEOUT' })
    await until(() => closed, 'the end of the stream')
    assert.ok(!server.received.some(({ message }) => message.method === 'notifications/cancelled'))
  })

  it('opens a new listen stream before it closes the old one', async () => {
    await using server = await serveScriptedModern()
    const open = new Map<number, ServerResponse>()
    const order: string[] = []
    server.answer = (response, one) => {
      const id = Number(one.message.id)
      open.set(id, acknowledge(response, one))
      order.push(`open ${open.size}`)
      response.on('close', () => {
        open.delete(id)
        order.push('close')
      })
    }
    await using test = await openTestConnection(server.target)
    const { connection, heard } = test
    const filter = { toolsListChanged: true }
    assert.deepEqual(await connection.listen!(filter), filter)
    assert.deepEqual(await connection.listen!({ promptsListChanged: true }), {
      promptsListChanged: true,
    })
    await until(() => order.length === 3, 'the end of the first')
    assert.deepEqual(order, ['open 1', 'open 2', 'close'])
    const [id, stream] = [...open][0]!
    stream.write(event(tagged(id, 'notifications/prompts/list_changed')))
    stream.write(event(tagged(id + 1000, 'notifications/tools/list_changed')))
    await until(() => heard.notifications.length > 0, 'the notification')
    assert.deepEqual(heard.notifications, [['notifications/prompts/list_changed', {}]])
    await connection.listen!(undefined)
    await until(() => open.size === 0, 'the end of the second')
  })

  it('listens again when the stream breaks, and tells what may have been missed', async () => {
    await using server = await serveScriptedModern()
    let current: ServerResponse | undefined
    let opened = 0
    server.answer = (response, one) => {
      opened++
      current = acknowledge(response, one)
    }
    await using test = await openTestConnection(server.target)
    await test.connection.listen!({ toolsListChanged: true })
    current!.destroy()
    await until(() => opened === 2, 'the second stream')
    await until(() => test.heard.notifications.length > 0, 'the notification')
    assert.deepEqual(test.heard.notifications, [['notifications/tools/list_changed', {}]])
  })

  it('says that the backend refuses to listen', async () => {
    await using server = await serveScriptedModern()
    server.answer = (response, one) => json(response, errorOf(one, -32603, 'Too many'))
    await using test = await openTestConnection(server.target)
    await assert.rejects(test.connection.listen!({ toolsListChanged: true }), {
      code: 'MCP_BACKEND_PROTOCOL',
      message: /Too many/,
    })
  })
})

function acknowledge(response: ServerResponse, { message }: Received): ServerResponse {
  const params = { notifications: message.params?.['notifications'] }
  const id = Number(message.id)
  sse(response).write(event(tagged(id, 'notifications/subscriptions/acknowledged', params)))
  return response
}

function tagged(id: number, method: string, params: object = {}): object {
  return { jsonrpc: '2.0', method, params: { ...params, _meta: { [SUBSCRIPTION_ID]: id } } }
}
