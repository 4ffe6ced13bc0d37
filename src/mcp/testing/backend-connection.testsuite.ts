import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Cancellation } from '../../base/cancellation.ts'
import type { JsonObject } from '../../base/json.ts'
import type { BackendTarget, BackendTransport } from '../backend-connection.ts'
import type { InputRequest } from '../messages.ts'
import type { Era } from '../versions.ts'
import { openTestConnection, resultOf, textOf, toolCall, until } from './test-connection.ts'
import type { TestConnection } from './test-connection.ts'

/** A backend with the tools of `backend-tools.ts`, in one era over one transport. */
export interface BackendUnderTest extends AsyncDisposable {
  readonly target: BackendTarget
  readonly era: Era
  readonly transport: BackendTransport
}

/** What every connection does, whatever era and transport. Called once per combination. */
export function backendConnectionSuite(name: string, start: () => Promise<BackendUnderTest>): void {
  // One after the other: some look at what is in flight on the shared connection.
  describe(`BackendConnection over ${name}`, { concurrency: 1 }, () => {
    let backend: BackendUnderTest
    /** For all tests that leave it as it was. */
    let test: TestConnection

    before(async () => {
      backend = await start()
      test = await openTestConnection(backend.target)
    })

    after(async () => {
      await test[Symbol.asyncDispose]()
      await backend[Symbol.asyncDispose]()
    })

    it('finds out the era and who the server is', async () => {
      const { connection } = test
      assert.equal(connection.era, backend.era)
      assert.equal(connection.transport, backend.transport)
      assert.equal(connection.server.info.name, 'tool-server')
      assert.equal(connection.server.instructions, 'Be kind')
      assert.ok(connection.server.capabilities['tools'])
    })

    it('connects without a probe when the era is known', async () => {
      await using backend = await start()
      await using test = await openTestConnection(backend.target, { era: backend.era })
      assert.equal(textOf(await test.connection.request(toolCall('echo', { message: 'a' }))), 'a')
    })

    it('answers calls, many at once, each with its own result', async () => {
      const texts = Array.from({ length: 40 }, (_, i) => `message ${i}`)
      const replies = await Promise.all(
        texts.map((message) => test.connection.request(toolCall('echo', { message }))),
      )
      assert.deepEqual(replies.map(textOf), texts)
      assert.equal(test.connection.inFlight, 0)
    })

    it('passes failures of tools as results, and errors of the protocol as errors', async () => {
      const failed = await test.connection.request(toolCall('fail'))
      assert.ok(failed.kind === 'raw' && failed.response.isError)
      const unknown = { ...toolCall('echo'), method: 'no/such', params: {} }
      const reply = await test.connection.request(unknown)
      assert.equal(reply.kind === 'error' && reply.error.code, -32601)
    })

    it('delivers progress of the call that asked for it, in order, before its reply', async () => {
      const seen: JsonObject[][] = [[], []]
      const run = (index: number) =>
        test.connection.request(
          toolCall(
            'slow',
            { steps: 3, stepMs: 20 },
            {
              wantsProgress: true,
              onNotification: (_, params) => void seen[index]!.push(params),
            },
          ),
        )
      await Promise.all([run(0), run(1)])
      const expected = [1, 2, 3].map((progress) => ({ progress, total: 3 }))
      assert.deepEqual(seen, [expected, expected])
    })

    it('delivers log messages to the call they belong to', async () => {
      const seen: [string, JsonObject][] = []
      const request = toolCall(
        'shout',
        {},
        {
          logLevel: 'debug',
          onNotification: (method, params) => void seen.push([method, params]),
        },
      )
      assert.equal(textOf(await test.connection.request(request)), 'shouted')
      assert.equal(seen.length, 1)
      assert.equal(seen[0]![0], 'notifications/message')
      assert.equal(seen[0]![1]['data'], 'loud')
    })

    it('carries questions of the backend and the answers', async () => {
      const answer = { action: 'accept', content: { name: 'Ada' } }
      const asked: InputRequest[] = []
      const request = toolCall(
        'ask',
        {},
        {
          onQuestion(question) {
            asked.push(question)
            return Promise.resolve(answer)
          },
        },
      )
      let reply = await test.connection.request(request)
      if (reply.kind === 'input') {
        assert.equal(backend.era, 'modern')
        asked.push(...Object.values(reply.requests!))
        reply = await test.connection.request({
          ...request,
          retry: {
            answers: { name: answer },
            ...(reply.state === undefined ? {} : { state: reply.state }),
          },
        })
      }
      assert.equal(textOf(reply), 'accept {"name":"Ada"}')
      assert.equal(asked.length, 1)
      assert.equal(asked[0]!.method, 'elicitation/create')
      assert.equal(asked[0]!.params['message'], 'Your name?')
    })

    it('tells the backend of a cancellation and rejects at once', async () => {
      const cancelled = async () =>
        Number(textOf(await test.connection.request(toolCall('cancelled'))))
      const before = await cancelled()
      const cancellation = new Cancellation()
      const call = test.connection.request(
        toolCall('slow', { steps: 100, stepMs: 30 }, { cancellation }),
      )
      await sleep(100)
      cancellation.cancel('no longer wanted')
      await assert.rejects(call, { code: 'MCP_CALL_CANCELLED' })
      let count = before
      for (let tries = 0; tries < 50 && count === before; tries++) {
        await sleep(20)
        count = await cancelled()
      }
      assert.equal(count, before + 1)
      assert.equal(test.connection.inFlight, 0)
    })

    it('sends nothing for a call that is cancelled already', async () => {
      const cancellation = new Cancellation()
      cancellation.cancel('too late')
      const call = test.connection.request(toolCall('echo', { message: 'a' }, { cancellation }))
      await assert.rejects(call, {
        code: 'MCP_CALL_CANCELLED',
        details: { reason: 'too late', ran: 'no' },
      })
    })

    it('gives up on silence, but not while progress comes', async () => {
      const timeouts = { idleMs: 800, absoluteMs: 0 }
      const silent = toolCall('slow', { steps: 1, stepMs: 5000 }, { timeouts })
      await assert.rejects(test.connection.request(silent), {
        code: 'MCP_BACKEND_TIMEOUT',
        status: 504,
      })
      const talking = toolCall(
        'slow',
        { steps: 10, stepMs: 100 },
        {
          timeouts,
          wantsProgress: true,
          onNotification() {},
        },
      )
      assert.equal(textOf(await test.connection.request(talking)), 'done')
    })

    it('ends a call at its absolute time-out in spite of progress', async () => {
      const request = toolCall(
        'slow',
        { steps: 100, stepMs: 20 },
        {
          timeouts: { idleMs: 0, absoluteMs: 300 },
          wantsProgress: true,
        },
      )
      await assert.rejects(test.connection.request(request), { code: 'MCP_BACKEND_TIMEOUT' })
    })

    it('hears of changed lists', async () => {
      await using backend = await start()
      await using test = await openTestConnection(backend.target)
      const { connection, heard } = test
      const honoured = await connection.listen?.({ toolsListChanged: true })
      if (backend.era === 'modern') assert.deepEqual(honoured, { toolsListChanged: true })
      // The standalone stream of a legacy session opens in the background.
      await sleep(100)
      await connection.request(toolCall('grow'))
      await until(() => heard.notifications.length > 0, 'a notification')
      assert.deepEqual(heard.notifications[0], ['notifications/tools/list_changed', {}])
    })

    it('takes large results whole, and refuses what exceeds its limit without dying', async () => {
      await using backend = await start()
      await using test = await openTestConnection(backend.target, { maxMessageBytes: 3_000_000 })
      const { connection } = test
      const big = await connection.request(toolCall('big', { bytes: 2_000_000 }))
      assert.equal(textOf(big).length, 2_000_000)
      await assert.rejects(connection.request(toolCall('big', { bytes: 4_000_000 })), {
        code: 'MCP_BACKEND_PROTOCOL',
        message: /limit is 3000000/,
      })
    })

    it('rejects what is in flight when it is closed, and everything after', async () => {
      await using backend = await start()
      await using test = await openTestConnection(backend.target)
      const { connection, heard } = test
      const call = connection.request(toolCall('slow', { steps: 100, stepMs: 50 }))
      const rejected = assert.rejects(call, { code: 'MCP_BACKEND_GONE' })
      await sleep(50)
      await connection.close()
      await rejected
      await assert.rejects(
        connection.request(toolCall('echo', { message: 'a' })),
        (error: { details: { ran: string } }) => error.details.ran === 'no',
      )
      assert.deepEqual(heard.closed, [])
    })

    it('lists tools', async () => {
      const request = { ...toolCall(''), method: 'tools/list', params: {} }
      const tools = resultOf(await test.connection.request(request))['tools'] as { name: string }[]
      assert.ok(tools.some((tool) => tool.name === 'echo'))
    })
  })
}
