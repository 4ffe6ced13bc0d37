import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import { systemNow } from '../base/clock.ts'
import { newUuid } from '../base/ids.ts'
import type { JsonObject } from '../base/json.ts'
import { LineSplitter } from '../net/line-splitter.ts'
import { silentLogger } from '../telemetry/logger.ts'
import { resultReply } from './reply.ts'
import { createStdioEdge } from './stdio-edge.ts'
import type { StdioEdge, StdioEdgeOptions } from './stdio-edge.ts'
import { createFakeGateway } from './testing/fake-gateway.ts'
import type { FakeGateway } from './testing/fake-gateway.ts'
import { modern, TEST_INFO, TEST_KEY, until } from './testing/test-edge.ts'

type Message = JsonObject & { id?: unknown; result?: JsonObject; error?: JsonObject }

interface TestPipe {
  readonly gateway: FakeGateway
  readonly edge: StdioEdge
  readonly input: PassThrough
  send(message: unknown): void
  next(): Promise<Message>
  /** Lines that came and were not read. */
  readonly unread: number
}

function startPipe(options: Partial<StdioEdgeOptions> = {}): TestPipe {
  const gateway = createFakeGateway()
  const input = new PassThrough()
  const output = new PassThrough()
  const lines: Message[] = []
  const waiting: ((message: Message) => void)[] = []
  const splitter = new LineSplitter({
    maxBytes: 1_000_000,
    onLine: (line) => {
      const message = JSON.parse(line.toString()) as Message
      const waiter = waiting.shift()
      if (waiter) waiter(message)
      else lines.push(message)
    },
    onTooLong: () => assert.fail('a line is too long'),
  })
  output.on('data', (chunk: Buffer) => splitter.push(chunk))
  const edge = createStdioEdge({
    port: gateway,
    info: TEST_INFO,
    principal: { kind: 'local', binding: 'local' },
    input,
    output,
    stateKey: TEST_KEY,
    newId: newUuid,
    now: systemNow,
    log: silentLogger,
    graceMs: 50,
    ...options,
  })
  return {
    gateway,
    edge,
    input,
    send: (message) => {
      input.write(typeof message === 'string' ? message : `${JSON.stringify(message)}\n`)
    },
    next: () =>
      new Promise((resolve) => {
        const line = lines.shift()
        if (line) resolve(line)
        else waiting.push(resolve)
      }),
    get unread() {
      return lines.length
    },
  }
}

const initialize = (version = '2025-11-25'): object => ({
  jsonrpc: '2.0',
  id: 'init',
  method: 'initialize',
  params: { protocolVersion: version, capabilities: { elicitation: {} }, clientInfo: {} },
})
const call = (name: string, id: number): object => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: {} },
})
const elicitation = {
  q: { method: 'elicitation/create' as const, params: { message: 'Who?' } },
}

describe('a legacy client on a pipe', () => {
  it('gets its answers, notifications and questions', async () => {
    const pipe = startPipe()
    pipe.gateway.tools.set('asks', async (asks) => {
      asks.notify('notifications/message', { level: 'info', data: 'hi' })
      const answers = await asks.ask(elicitation)
      return resultReply({ content: [], structuredContent: answers })
    })
    pipe.send(initialize())
    assert.equal((await pipe.next()).result?.['protocolVersion'], '2025-11-25')
    pipe.send({ jsonrpc: '2.0', method: 'notifications/initialized' })
    pipe.send(call('asks', 1))
    assert.equal((await pipe.next())['method'], 'notifications/message')
    const question = await pipe.next()
    pipe.send({ jsonrpc: '2.0', id: question.id, result: { action: 'decline' } })
    const answer = await pipe.next()
    assert.deepEqual(answer.result?.['structuredContent'], { q: { action: 'decline' } })
    pipe.input.end()
    await pipe.edge.done
    assert.equal(pipe.gateway.live.size, 0)
  })

  it('answers everything that was piped in before the end', async () => {
    const pipe = startPipe()
    pipe.send(initialize())
    pipe.send(call('echo', 1))
    pipe.input.end(JSON.stringify(call('echo', 2)))
    assert.equal((await pipe.next()).id, 'init')
    assert.equal((await pipe.next()).id, 1)
    assert.equal((await pipe.next()).id, 2)
    await pipe.edge.done
  })

  it('sends no answer to a cancelled call and refuses an id in flight', async () => {
    const pipe = startPipe()
    pipe.gateway.tools.set('endless', () => new Promise(() => {}))
    pipe.send(initialize())
    await pipe.next()
    pipe.send(call('endless', 1))
    pipe.send(call('echo', 1))
    assert.equal((await pipe.next()).error?.['code'], -32600)
    pipe.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } })
    pipe.send(call('echo', 2))
    assert.equal((await pipe.next()).id, 2)
    assert.equal(pipe.gateway.calls[0]?.cancellation.cancelled, true)
    await pipe.edge.close()
    await pipe.edge.done
  })

  it('cancels what is still running some time after the end of the input', async () => {
    const pipe = startPipe()
    pipe.gateway.tools.set('endless', () => new Promise(() => {}))
    pipe.send(initialize())
    await pipe.next()
    pipe.send(call('endless', 1))
    pipe.input.end()
    await pipe.edge.done
    assert.equal(pipe.gateway.calls[0]?.cancellation.cancelled, true)
    assert.equal(pipe.unread, 0)
  })

  it('answers batches of 2025-03-26 as a whole', async () => {
    const pipe = startPipe()
    pipe.send(initialize('2025-03-26'))
    await pipe.next()
    pipe.send([call('echo', 1), { jsonrpc: '2.0', method: 'notifications/x' }, call('echo', 2), 7])
    const batch = (await pipe.next()) as unknown as Message[]
    assert.deepEqual(batch.map(({ id }) => id).sort(), [1, 2, null])
    assert.equal(pipe.gateway.notifications[0]?.method, 'notifications/x')
    await pipe.edge.close()
  })

  it('answers the rest of a batch of which one request was cancelled', async () => {
    const pipe = startPipe()
    pipe.gateway.tools.set('endless', () => new Promise(() => {}))
    pipe.send(initialize('2025-03-26'))
    await pipe.next()
    pipe.send([call('endless', 1), call('echo', 2)])
    pipe.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } })
    const batch = (await pipe.next()) as unknown as Message[]
    assert.deepEqual(batch.map(({ id, error }) => [id, error !== undefined]).sort(), [
      [1, true],
      [2, false],
    ])
    await pipe.edge.close()
  })

  it('lets calls in flight finish when it is drained, but not for ever', async () => {
    const pipe = startPipe()
    const finish = Promise.withResolvers<void>()
    pipe.gateway.tools.set('slow', async () => {
      await finish.promise
      return resultReply({ content: [] })
    })
    pipe.gateway.tools.set('endless', () => new Promise(() => {}))
    pipe.send(initialize())
    await pipe.next()
    pipe.send(call('slow', 1))
    pipe.send(call('endless', 2))
    await until(() => pipe.gateway.calls.length === 2)
    const drained = pipe.edge.drain(200)
    finish.resolve()
    assert.equal((await pipe.next()).id, 1)
    await drained
    assert.equal(pipe.gateway.calls[1]?.cancellation.cancelled, true)
    await pipe.edge.done
  })

  it('refuses what would wait behind too much for initialize', async () => {
    const pipe = startPipe({ limits: { maxBatchCount: 1 } })
    pipe.send(initialize())
    pipe.send(call('echo', 1))
    pipe.send(call('echo', 2))
    const answers = [await pipe.next(), await pipe.next(), await pipe.next()]
    const failed = answers.filter(({ error }) => error !== undefined).map(({ id }) => id)
    assert.deepEqual(failed, [2])
    await pipe.edge.close()
  })

  it('refuses a batch before initialize', async () => {
    const pipe = startPipe()
    pipe.send([call('echo', 1)])
    assert.equal((await pipe.next()).error?.['code'], -32600)
    await pipe.edge.close()
  })

  it('refuses batches in other versions', async () => {
    const strict = startPipe()
    strict.send(initialize())
    await strict.next()
    strict.send([call('echo', 1)])
    assert.equal((await strict.next()).error?.['code'], -32600)
    await strict.edge.close()
  })
})

describe('a modern client on a pipe', () => {
  const ask = (method: string, params: JsonObject, id: number): JsonObject =>
    modern(method, params, { id, capabilities: { elicitation: {} } }).body

  it('gets its answers without a handshake', async () => {
    const pipe = startPipe()
    pipe.send(ask('server/discover', {}, 1))
    assert.equal((await pipe.next()).result?.['resultType'], 'complete')
    pipe.send(ask('tools/call', { name: 'echo', arguments: { z: 1 } }, 2))
    assert.match(JSON.stringify((await pipe.next()).result), /z/)
    pipe.send(ask('ping', {}, 3))
    assert.equal((await pipe.next()).error?.['code'], -32601)
    pipe.input.end()
    await pipe.edge.done
  })

  it('parks a call that asks', async () => {
    const pipe = startPipe()
    pipe.gateway.tools.set('asks', async (asks) => {
      const answers = await asks.ask(elicitation)
      return resultReply({ content: [], structuredContent: answers })
    })
    pipe.send(ask('tools/call', { name: 'asks' }, 1))
    const requestState = (await pipe.next()).result?.['requestState'] as string
    const inputResponses = { q: { action: 'cancel' } }
    pipe.send(ask('tools/call', { name: 'asks', requestState, inputResponses }, 1))
    assert.deepEqual((await pipe.next()).result?.['structuredContent'], inputResponses)
    await pipe.edge.close()
  })

  it('carries several subscriptions, cancels one by notification and closes the others', async () => {
    const pipe = startPipe()
    pipe.send(ask('subscriptions/listen', { notifications: { toolsListChanged: true } }, 1))
    pipe.send(ask('subscriptions/listen', { notifications: { promptsListChanged: true } }, 2))
    const tag = 'io.modelcontextprotocol/subscriptionId'
    const tagOf = (message: Message): unknown =>
      ((message['params'] as JsonObject)['_meta'] as JsonObject)[tag]
    assert.deepEqual([tagOf(await pipe.next()), tagOf(await pipe.next())].sort(), [1, 2])
    pipe.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } })
    await until(() => pipe.gateway.stopped.length !== 0)
    pipe.gateway.listens[1]?.sink('notifications/prompts/list_changed', {})
    assert.equal(tagOf(await pipe.next()), 2)
    pipe.input.end()
    const closing = await pipe.next()
    assert.equal(closing.id, 2)
    assert.equal(closing.result?.['resultType'], 'complete')
    await pipe.edge.done
  })

  it('cancels a call by notification and refuses an id in flight', async () => {
    const pipe = startPipe()
    pipe.gateway.tools.set('endless', () => new Promise(() => {}))
    pipe.send(ask('tools/call', { name: 'endless' }, 1))
    pipe.send(ask('tools/call', { name: 'echo' }, 1))
    assert.equal((await pipe.next()).error?.['code'], -32600)
    pipe.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } })
    pipe.send(ask('tools/call', { name: 'echo' }, 1))
    assert.equal((await pipe.next()).id, 1)
    assert.equal(pipe.gateway.calls[0]?.cancellation.cancelled, true)
    await pipe.edge.close()
  })
})

describe('junk on a pipe', () => {
  it('is answered and does not end the conversation', async () => {
    const pipe = startPipe()
    pipe.send('{"jsonrpc": \n\n[]\n')
    assert.equal((await pipe.next()).error?.['code'], -32700)
    assert.equal((await pipe.next()).error?.['code'], -32600)
    pipe.send(call('echo', 1))
    assert.match(JSON.stringify((await pipe.next()).error), /before initialize/)
    pipe.send({ jsonrpc: '2.0', id: 2, method: 'ping' })
    assert.deepEqual((await pipe.next()).result, {})
    await pipe.edge.close()
  })

  it('ends the conversation if a line is too long', async () => {
    const pipe = startPipe({ limits: { maxLineBytes: 100 } })
    pipe.send('x'.repeat(200))
    assert.equal((await pipe.next()).error?.['code'], -32700)
    await pipe.edge.done
  })
})
