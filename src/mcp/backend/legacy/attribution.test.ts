import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Cancellation } from '../../../base/cancellation.ts'
import { silentLogger } from '../../../telemetry/logger.ts'
import type { BackendConnection, BackendRequest } from '../../backend-connection.ts'
import { mcpErrors } from '../../errors.ts'
import { createMemoryPipe, type MemoryPipe } from '../../testing/memory-pipe.ts'
import { toolCall } from '../../testing/test-connection.ts'
import { AskingHabits } from './asking-habits.ts'
import { connectLegacyDuplex } from './legacy-duplex.ts'

/** A server on a pipe that several clients share, as a test plays it. */
interface Server {
  readonly pipe: MemoryPipe
  readonly connection: BackendConnection
  /** Who was asked, with what. */
  readonly asked: string[]
  /** A client calls a tool, and answers at once when it is asked. */
  call(who: string, tool: string, overrides?: Partial<BackendRequest>): Promise<unknown>
  /** Tools of the calls that have come so far. */
  came(): string[]
  ask(text: string): void
  /** The last call of this tool is answered. */
  answer(tool: string): Promise<void>
  /** Whether that question was answered with an error. */
  isRefused(text: string): boolean
}

async function openShared(habits = new AskingHabits(), isOwned = false): Promise<Server> {
  const pipe = createMemoryPipe()
  const asked: string[] = []
  const connection = await connectLegacyDuplex(pipe, {
    name: 'memory',
    clientInfo: { name: 'gateway', version: '1' },
    capabilities: {},
    openStream: false,
    connectTimeoutMs: 1000,
    log: silentLogger,
    habits,
    events: {
      isOwned,
      onNotification() {},
      onQuestion: ({ method }) =>
        Promise.reject(
          mcpErrors.CLIENT_CANNOT_ANSWER({ method, reason: 'no', requiredCapabilities: {} }),
        ),
      onClose() {},
    },
  })
  const calls = () => pipe.sent.filter(({ method }) => method === 'tools/call')
  return {
    pipe,
    connection,
    asked,
    call: (who, tool, overrides = {}) =>
      connection.request(
        toolCall(
          tool,
          {},
          {
            onQuestion({ params }) {
              asked.push(`${who}: ${params['text'] as string}`)
              return Promise.resolve({ action: 'accept' })
            },
            ...overrides,
          },
        ),
      ),
    came: () => calls().map(({ params }) => params?.['name'] as string),
    ask: (text) =>
      pipe.say({ jsonrpc: '2.0', id: text, method: 'elicitation/create', params: { text } }),
    async answer(tool) {
      const { id } = calls().findLast(({ params }) => params?.['name'] === tool)!
      pipe.say({ jsonrpc: '2.0', id, result: { content: [] } })
      await tick()
    },
    isRefused: (text) => pipe.sent.some(({ id, error }) => id === text && error !== undefined),
  }
}

const tick = () => sleep(1)

describe('whose question it is, on a pipe that clients share', () => {
  it('is clear from the first calls on: what nothing is known of runs alone', async () => {
    const server = await openShared()
    const calls = ['a', 'b', 'c'].map((who) => server.call(who, 'ask'))
    for (const who of ['a', 'b', 'c']) {
      server.ask(`first of ${who}`)
      await tick()
      await server.answer('ask')
    }
    await Promise.all(calls)
    assert.deepEqual(server.asked, ['a: first of a', 'b: first of b', 'c: first of c'])
  })

  it('does not take the wait for a turn for silence of the backend', async () => {
    const server = await openShared()
    const timeouts = { idleMs: 120, absoluteMs: 0 }
    const first = server.call('a', 'ask')
    server.ask('one')
    await tick()
    const second = server.call('b', 'ask', { timeouts })
    await sleep(300)
    assert.deepEqual(server.came(), ['ask'], 'it waits')
    await server.answer('ask')
    await first
    assert.equal(server.came().length, 2)
    await server.answer('ask')
    await second
  })

  it('keeps nobody waiting once a tool was answered without a question', async () => {
    const server = await openShared()
    const calls = ['a', 'b', 'c'].map((who) => server.call(who, 'quiet'))
    assert.deepEqual(server.came(), ['quiet'])
    await server.answer('quiet')
    assert.equal(server.came().length, 3, 'those that waited run at once')
    calls.push(server.call('d', 'quiet'))
    assert.equal(server.came().length, 4)
    await server.connection.close()
    await Promise.allSettled(calls)
  })

  it('keeps nobody waiting who cannot be asked, nor where one client has the connection', async () => {
    const server = await openShared()
    const owned = await openShared(new AskingHabits(), true)
    const calls = [1, 2].flatMap(() => [
      server.call('a', 'tool', { capabilities: {} }),
      owned.call('a', 'tool'),
    ])
    assert.deepEqual([server.came().length, owned.came().length], [2, 2])
    await Promise.all([server.connection.close(), owned.connection.close()])
    await Promise.allSettled(calls)
  })

  it('remembers over connections which tools ask', async () => {
    const habits = new AskingHabits()
    const first = await openShared(habits)
    const asking = first.call('a', 'ask')
    first.ask('one')
    await tick()
    await first.answer('ask')
    const quiet = first.call('a', 'quiet')
    await first.answer('quiet')
    await Promise.all([asking, quiet])
    const second = await openShared(habits)
    const calls = ['ask', 'ask', 'quiet', 'quiet'].map((tool) => second.call('b', tool))
    assert.deepEqual(second.came(), ['ask', 'quiet', 'quiet'])
    await second.connection.close()
    await Promise.allSettled(calls)
  })

  it('asks the one whose turn it is while another, of which it is known, runs beside it', async () => {
    const server = await openShared()
    const known = server.call('a', 'quiet')
    await server.answer('quiet')
    await known
    const calls = [server.call('b', 'quiet'), server.call('c', 'ask')]
    server.ask('one')
    assert.deepEqual(server.asked, ['c: one'])
    await server.connection.close()
    await Promise.allSettled(calls)
  })

  it('waits until it is clear', async () => {
    const server = await openShared()
    // One that cannot be asked waits for no turn, but it may be the one that asks.
    const long = server.call('a', 'long', { capabilities: {} })
    const asks = server.call('b', 'ask')
    server.ask('one')
    await tick()
    assert.deepEqual(server.asked, [])
    assert.ok(!server.isRefused('one'))
    await server.answer('long')
    assert.deepEqual(server.asked, ['b: one'])
    await server.answer('ask')
    await Promise.all([long, asks])
  })

  it('is never that of another client when the call that asks was given up', async () => {
    const server = await openShared()
    const cancellation = new Cancellation()
    const given = assert.rejects(server.call('b', 'ask', { cancellation }))
    cancellation.cancel('the client is gone')
    await given
    const other = server.call('a', 'quiet')
    server.ask('secret of b')
    await tick()
    assert.ok(!server.isRefused('secret of b'), 'it may be that of a')
    await server.answer('quiet')
    await other
    assert.ok(server.isRefused('secret of b'), 'a has ended without it')
    assert.deepEqual(server.asked, [])
  })

  it('is clear again soon after a call was given up whose question was open: it has got its answer', async () => {
    const server = await openShared()
    const cancellation = new Cancellation()
    const onQuestion = () => Promise.reject(new Error('nobody there'))
    const refused = assert.rejects(server.call('b', 'ask', { cancellation, onQuestion }))
    server.ask('of b')
    cancellation.cancel('the client cannot answer')
    await refused
    const live = server.call('a', 'ask')
    await sleep(60)
    server.ask('of a')
    assert.deepEqual(server.asked, [])
    await sleep(400)
    assert.deepEqual(server.asked, ['a: of a'])
    await server.answer('ask')
    await live
  })

  it('is clear again when the server has answered the call that was given up', async () => {
    const server = await openShared()
    const cancellation = new Cancellation()
    const given = assert.rejects(server.call('b', 'ask', { cancellation }))
    cancellation.cancel('the client is gone')
    await given
    await server.answer('ask')
    const calls = [server.call('a', 'ask')]
    server.ask('of a')
    assert.deepEqual(server.asked, ['a: of a'])
    await server.connection.close()
    await Promise.allSettled(calls)
  })

  it('is refused when two wait for what only one can have asked', async () => {
    const server = await openShared()
    const cancellation = new Cancellation()
    const given = assert.rejects(server.call('b', 'ask', { cancellation }))
    cancellation.cancel('the client is gone')
    await given
    const live = server.call('a', 'other')
    server.ask('x')
    server.ask('y')
    await tick()
    await server.answer('other')
    await live
    assert.deepEqual(server.asked, [])
    assert.deepEqual([server.isRefused('x'), server.isRefused('y')], [true, true])
  })
})
