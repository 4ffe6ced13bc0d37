import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { silentLogger } from '../../../telemetry/logger.ts'
import { mcpErrors } from '../../errors.ts'
import { createMemoryPipe } from '../../testing/memory-pipe.ts'
import type { MemoryPipe } from '../../testing/memory-pipe.ts'
import { textOf, toolCall } from '../../testing/test-connection.ts'
import { AskingHabits } from './asking-habits.ts'
import { connectLegacyDuplex } from './legacy-duplex.ts'
import type { BackendConnection } from '../../backend-connection.ts'

interface Opened {
  pipe: MemoryPipe
  connection: BackendConnection
  notifications: string[]
  questions: string[]
}

async function open(
  onQuestion: (method: string) => Promise<object> = () => Promise.resolve({}),
  { isOwned = true, habits = new AskingHabits() } = {},
): Promise<Opened> {
  const pipe = createMemoryPipe()
  const notifications: string[] = []
  const questions: string[] = []
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
      onNotification: (method) => void notifications.push(method),
      onQuestion({ method }) {
        questions.push(method)
        return onQuestion(method) as Promise<never>
      },
      onClose() {},
    },
  })
  return { pipe, connection, notifications, questions }
}

const tick = () => new Promise((resolve) => setImmediate(resolve))

describe('a legacy connection over one pipe', () => {
  it('asks no more than five thousand questions at a time', async () => {
    const { pipe, connection, questions } = await open(() => new Promise(() => {}))
    pipe.sent.length = 0
    for (let id = 1; id <= 5_050; id++) {
      pipe.say({ jsonrpc: '2.0', id, method: 'elicitation/create', params: {} })
    }
    await tick()
    assert.equal(questions.length, 5_000)
    assert.equal(pipe.sent.filter((message) => 'error' in message).length, 50)
    await connection.close()
  })

  it('attributes what carries no id to the sole call in flight, and to none of several', async () => {
    const { pipe, connection, notifications, questions } = await open()
    const seen: string[] = []
    const call = (name: string) =>
      connection.request(
        toolCall(
          name,
          {},
          {
            onNotification: (method) => void seen.push(method),
            onQuestion({ method }) {
              seen.push(method)
              return Promise.resolve({})
            },
          },
        ),
      )
    const answerAll = () => {
      for (const { id, method } of [...pipe.sent]) {
        if (method === 'tools/call') pipe.say({ jsonrpc: '2.0', id, result: {} })
      }
    }
    const log = { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info' } }
    const ask = { jsonrpc: '2.0', id: 1, method: 'elicitation/create', params: {} }
    const only = call('a')
    pipe.say(log)
    pipe.say(ask)
    await tick()
    answerAll()
    await only
    const several = [call('b'), call('c')]
    pipe.say(log)
    pipe.say({ ...ask, id: 2 })
    await tick()
    assert.deepEqual(seen, ['notifications/message', 'elicitation/create'])
    assert.deepEqual(notifications, ['notifications/message'])
    assert.deepEqual(questions, ['elicitation/create'])
    answerAll()
    await Promise.all(several)
  })

  it('lets calls that are known to ask take turns, so that it is clear whose question it is', async () => {
    const { pipe, connection } = await open()
    const asked: string[] = []
    const answers = new Map<string, (answer: object) => void>()
    const call = (who: string) =>
      connection.request(
        toolCall(
          'asks',
          { who },
          {
            onQuestion() {
              asked.push(who)
              return new Promise((resolve) => answers.set(who, resolve as () => void))
            },
          },
        ),
      )
    const ask = (id: string) => pipe.say({ jsonrpc: '2.0', id, method: 'elicitation/create' })
    const running = () => pipe.sent.filter(({ method }) => method === 'tools/call')
    const first = call('first')
    ask('q1')
    const second = call('second')
    await sleep(100)
    const third = call('third')
    assert.equal(running().length, 2, 'the third waits while the second has not asked')
    ask('q2')
    await sleep(100)
    assert.equal(running().length, 3)
    ask('q3')
    assert.deepEqual(asked, ['first', 'second', 'third'])
    for (const answer of answers.values()) answer({ action: 'cancel' })
    await tick()
    for (const { id } of running()) pipe.say({ jsonrpc: '2.0', id, result: {} })
    await Promise.all([first, second, third])
  })

  it('attributes to the call that does not wait for an answer: a waiting one says nothing', async () => {
    const { pipe, connection } = await open()
    const asked: string[] = []
    const call = (name: string) =>
      connection.request(
        toolCall(
          name,
          {},
          {
            onQuestion({ params }) {
              asked.push(`${name} ${JSON.stringify(params['n'])}`)
              return new Promise(() => {})
            },
          },
        ),
      )
    const ask = (n: number) =>
      pipe.say({ jsonrpc: '2.0', id: n, method: 'elicitation/create', params: { n } })
    const ended = [assert.rejects(call('a')), (ask(1), assert.rejects(call('b')))]
    ask(2)
    assert.deepEqual(asked, ['a 1', 'b 2'])
    await connection.close()
    await Promise.all(ended)
  })

  it('attributes what concerns a task to who waits for it, whatever else is in flight, and keeps nobody waiting', async () => {
    const { pipe, connection, questions } = await open()
    const asked: string[] = []
    const onQuestion = (who: string) => () => {
      asked.push(who)
      return Promise.resolve({})
    }
    const wait = (taskId: string) => ({
      ...toolCall('', {}, { onQuestion: onQuestion(taskId) }),
      method: 'tasks/result',
      params: { taskId },
    })
    const ask = (id: string, taskId: string) => {
      const _meta = { 'io.modelcontextprotocol/related-task': { taskId } }
      pipe.say({ jsonrpc: '2.0', id, method: 'elicitation/create', params: { _meta } })
    }
    const calls = [
      connection.request(wait('one')),
      connection.request(toolCall('other', {}, { onQuestion: onQuestion('other') })),
      connection.request(wait('two')),
    ]
    ask('q1', 'two')
    ask('q2', 'one')
    ask('q3', 'nobody waits for this one')
    await tick()
    assert.deepEqual(asked, ['two', 'one'])
    assert.deepEqual(questions, ['elicitation/create'])
    calls.push(connection.request(wait('three')))
    const running = pipe.sent.filter(({ id, method }) => method !== 'initialize' && Number(id) > 0)
    assert.equal(running.filter(({ method }) => method === 'tasks/result').length, 3)
    for (const { id } of running) pipe.say({ jsonrpc: '2.0', id, result: {} })
    await Promise.all(calls)
  })

  it('does not answer a question that the backend takes back', async () => {
    let answer = (_: object) => {}
    const { pipe } = await open(() => new Promise((resolve) => (answer = resolve)))
    pipe.say({ jsonrpc: '2.0', id: 'q1', method: 'roots/list' })
    pipe.say({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'q1' } })
    answer({ roots: [] })
    await tick()
    assert.ok(!pipe.sent.some(({ id }) => id === 'q1'))
  })

  it('answers a question nobody can answer with an error of the client or of ours', async () => {
    const own = { code: -1, message: 'User rejected' }
    const { pipe } = await open((method) =>
      Promise.reject(
        method === 'roots/list'
          ? mcpErrors.CLIENT_ERROR({ method, error: own })
          : mcpErrors.CLIENT_CANNOT_ANSWER({ method, reason: 'no', requiredCapabilities: {} }),
      ),
    )
    pipe.say({ jsonrpc: '2.0', id: 'a', method: 'roots/list' })
    pipe.say({ jsonrpc: '2.0', id: 'b', method: 'sampling/createMessage' })
    await tick()
    assert.deepEqual(pipe.sent.find(({ id }) => id === 'a')?.error, own)
    assert.partialDeepStrictEqual(pipe.sent.find(({ id }) => id === 'b')?.error, { code: -32601 })
  })

  it('drops progress after the response, and of tokens it never gave', async () => {
    const { pipe, connection } = await open()
    let count = 0
    const call = connection.request(
      toolCall('a', {}, { wantsProgress: true, onNotification: () => void count++ }),
    )
    const { id } = pipe.sent.at(-1)!
    const progress = (progressToken: unknown) =>
      pipe.say({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken } })
    progress(id)
    progress('other')
    pipe.say({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text: 'x' }] } })
    progress(id)
    assert.equal(textOf(await call), 'x')
    assert.equal(count, 1)
  })

  it('survives any line, and still answers', async () => {
    const member = fc.constantFrom('id', 'method', 'params', 'result', 'error', 'jsonrpc')
    const message = fc.dictionary(member, fc.jsonValue())
    const line = fc.oneof(
      fc.string(),
      message.map((value) => JSON.stringify(value)),
      fc.array(message).map((value) => JSON.stringify(value)),
      message.map((value) => JSON.stringify(value).slice(0, -3)),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(line), async (lines) => {
        const { pipe, connection } = await open()
        const call = connection.request(toolCall('a'))
        const { id } = pipe.sent.at(-1)!
        for (const each of lines) pipe.say(each)
        pipe.say({ jsonrpc: '2.0', id, result: {} })
        const reply = await call
        assert.ok(reply.kind === 'raw' || reply.kind === 'error')
        await connection.close()
      }),
      { numRuns: 150 },
    )
  })
})
