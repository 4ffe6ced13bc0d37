import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  Client,
  SSEClientTransport,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client'
import type { ClientOptions, Transport } from '@modelcontextprotocol/client'
import type { JsonObject } from '../../base/json.ts'
import type { Call } from '../call.ts'
import { resultReply } from '../reply.ts'
import type { Reply } from '../reply.ts'
import { startTestEdge, until } from '../testing/test-edge.ts'
import type { TestEdge } from '../testing/test-edge.ts'

/** One official client per era and transport. */
const MODES: Record<string, { options: ClientOptions; transport: (test: TestEdge) => Transport }> =
  {
    'legacy over streamable HTTP': {
      options: {},
      transport: (test) => new StreamableHTTPClientTransport(new URL(test.url)),
    },
    'legacy over HTTP+SSE': {
      options: {},
      transport: (test) => new SSEClientTransport(new URL(`${test.origin}/sse`)),
    },
    'modern over streamable HTTP': {
      options: { versionNegotiation: { mode: { pin: '2026-07-28' } } },
      transport: (test) => new StreamableHTTPClientTransport(new URL(test.url)),
    },
    'automatic over streamable HTTP': {
      options: { versionNegotiation: { mode: 'auto' } },
      transport: (test) => new StreamableHTTPClientTransport(new URL(test.url)),
    },
  }

async function asks(call: Call): Promise<Reply> {
  call.notify('notifications/progress', { progress: 1, total: 2 })
  const answers = await call.ask({
    who: {
      method: 'elicitation/create',
      params: {
        message: 'Who?',
        requestedSchema: { type: 'object', properties: { name: { type: 'string' } } },
      },
    },
  })
  const content = answers['who']?.['content'] as JsonObject
  return resultReply({
    content: [{ type: 'text', text: `Hello ${JSON.stringify(content['name'])}` }],
  })
}

for (const [name, { options, transport }] of Object.entries(MODES)) {
  describe(`the official client, ${name}`, () => {
    it('connects, lists, calls, answers questions, gets progress, and leaves', async () => {
      await using test = await startTestEdge()
      test.gateway.tools.set('asks', asks)
      const client = new Client(
        { name: 'sdk', version: '1' },
        { ...options, capabilities: { elicitation: {} } },
      )
      client.setRequestHandler('elicitation/create', async () => ({
        action: 'accept' as const,
        content: { name: 'Ann' },
      }))
      await client.connect(transport(test))
      assert.match(client.getInstructions() ?? '', /kind/)
      const { tools } = await client.listTools()
      assert.deepEqual(
        tools.map((tool) => tool.name),
        ['echo', 'asks'],
      )
      const echoed = await client.callTool({ name: 'echo', arguments: { a: 1 } })
      assert.deepEqual(echoed.content, [{ type: 'text', text: '{"a":1}' }])
      const progress: unknown[] = []
      const asked = await client.callTool(
        { name: 'asks', arguments: {} },
        { onprogress: (each) => progress.push(each) },
      )
      assert.deepEqual(asked.content, [{ type: 'text', text: 'Hello "Ann"' }])
      // The modern client says something of its own between two rounds.
      assert.deepEqual(progress[0], { progress: 1, total: 2 })
      await assert.rejects(client.callTool({ name: 'nothing', arguments: {} }), /Unknown: nothing/)
      await client.close()
    })

    it('cancels a call', async () => {
      await using test = await startTestEdge()
      let running: Call | undefined
      test.gateway.tools.set('endless', (call) => {
        running = call
        return new Promise(() => {})
      })
      const client = new Client({ name: 'sdk', version: '1' }, options)
      await client.connect(transport(test))
      const controller = new AbortController()
      const call = client.callTool({ name: 'endless' }, { signal: controller.signal })
      const rejected = assert.rejects(call)
      await until(() => running)
      controller.abort()
      await rejected
      await until(() => running?.cancellation.cancelled)
      await client.close()
    })
  })
}

describe('the official legacy client', () => {
  it('hears of changed lists on its stream', async () => {
    await using test = await startTestEdge()
    const client = new Client({ name: 'sdk', version: '1' })
    const heard = new Promise<void>((resolve) => {
      client.setNotificationHandler('notifications/tools/list_changed', () => resolve())
    })
    await client.connect(new StreamableHTTPClientTransport(new URL(test.url)))
    const session = test.gateway.live.get('session-1')
    await until(() => session?.inFlight)
    session?.channel?.notify('notifications/tools/list_changed')
    await heard
    await client.close()
  })
})
