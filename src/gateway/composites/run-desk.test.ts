import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Cancellation } from '../../base/cancellation.ts'
import type { JsonObject } from '../../base/json.ts'
import type { Call } from '../../mcp/call.ts'
import { ANONYMOUS } from '../../mcp/caller.ts'
import { resultReply } from '../../mcp/reply.ts'
import type { StepCall, StepQuestion } from '../../workflow/ports.ts'
import type { SourceHost } from '../source.ts'
import { makeCall, LEGACY_CLIENT, MODERN_CLIENT } from '../testing/fake-backend.ts'
import { gatewayWithSource } from '../testing/gateway-with-source.ts'
import { ParkedRuns } from './parked-runs.ts'
import { callerOf } from './run-caller.ts'
import { RunDesk, type RunDeskOptions } from './run-desk.ts'

const FORM = {
  method: 'elicitation/create',
  params: { mode: 'form', message: 'Sure?', requestedSchema: { type: 'object', properties: {} } },
} as const

function deskFor(host: SourceHost, call: Call, changes: Partial<RunDeskOptions> = {}): RunDesk {
  return new RunDesk({
    run: 'r1',
    workflow: 'w',
    caller: callerOf(call),
    host,
    parked: new ParkedRuns(() => ({ total: 10, perClient: 2 })),
    questionTimeoutMs: () => 60_000,
    askSession: () => Promise.reject(new Error('no session')),
    metaOf: () => undefined,
    newId: () => 'id',
    ...changes,
  })
}

function step(changes: Partial<StepCall> = {}): StepCall {
  return {
    tool: 'calc.add',
    arguments: { a: 1 },
    step: 'sum',
    attempt: 1,
    cancellation: new Cancellation(),
    ...changes,
  }
}

function question(key: string, changes: Partial<StepQuestion> = {}): StepQuestion {
  return { key, request: FORM, timeoutMs: 60_000, cancellation: new Cancellation(), ...changes }
}

const modernCall = (changes: Partial<Call> = {}) => makeCall({ client: MODERN_CLIENT, ...changes })

describe('the desk of a run', () => {
  it('6.5: calls tools in the name of the client, hidden ones too, by their names here', async () => {
    const passed: Call[] = []
    await using t = await gatewayWithSource({ passed })
    const call = modernCall({ principal: { kind: 'local', binding: 'ada' }, source: '127.0.0.1' })
    const desk = deskFor(t.host, call)
    assert.deepEqual(await desk.call(step({ iteration: 3 })), { called: 'add' })
    assert.deepEqual(await desk.call(step({ tool: 'calc_hidden' })), { called: 'hidden' })
    const [first] = passed
    assert.deepEqual(first?.params, { name: 'calc_plus', arguments: { a: 1 } })
    assert.deepEqual(first.origin, { workflow: 'w', run: 'r1', step: 'sum', iteration: 3 })
    assert.deepEqual(first.principal, call.principal)
    assert.equal(first.source, '127.0.0.1')
  })

  it('6.5: passes on the trace of the client, but neither its progress token nor other _meta', async () => {
    const passed: Call[] = []
    await using t = await gatewayWithSource({ passed })
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const _meta = { progressToken: 7, traceparent, 'example.com/own': 1 }
    const desk = deskFor(t.host, modernCall({ params: { name: 'w', arguments: {}, _meta } }))
    await desk.call(step())
    assert.deepEqual(passed[0]?.params['_meta'], { traceparent })
  })

  it('6.5 (weak there): knows what tools there are, and the schemas of hidden ones too', async () => {
    await using t = await gatewayWithSource()
    const desk = deskFor(t.host, modernCall())
    assert.deepEqual(desk.tool('calc.add'), {
      inputSchema: { type: 'object' },
      readOnly: false,
      idempotent: false,
    })
    assert.deepEqual(desk.tool('calc_hidden')?.inputSchema, { type: 'object' })
    assert.equal(desk.tool('nothing'), undefined)
    assert.equal(desk.tool('twice'), undefined, 'a composite tool is no step of another')
  })

  it('6.7 (weak there): gives questions to a modern client that fetches them, and takes its answers', async () => {
    await using t = await gatewayWithSource()
    const desk = deskFor(t.host, modernCall())
    const asked = desk.ask(question('confirm'))
    assert.deepEqual(await desk.nextQuestions(), { confirm: FORM })
    desk.attach(modernCall({ retry: { state: 'r1', answers: { confirm: { action: 'accept' } } } }))
    assert.deepEqual(await asked, { action: 'accept' })
  })

  it('gives questions of backends in the middle of a step the same way', async () => {
    await using t = await gatewayWithSource({
      answer: async ({ onQuestion }) => resultReply({ said: await onQuestion!(FORM) }),
    })
    const desk = deskFor(t.host, modernCall())
    const results = [0, 1].map((iteration) => desk.call(step({ iteration })))
    const questions = await desk.nextQuestions()
    assert.deepEqual(Object.keys(questions), ['sum[0].elicitation-1', 'sum[1].elicitation-1'])
    const answers = Object.fromEntries(
      Object.keys(questions).map((key) => [key, { action: 'accept', content: { key } }]),
    )
    desk.attach(modernCall({ retry: { state: 'r1', answers } }))
    assert.deepEqual(await results[1], {
      said: { action: 'accept', content: { key: 'sum[1].elicitation-1' } },
    })
    await results[0]
  })

  it('6.7: asks a legacy client through its call, and withdraws when the time is over', async () => {
    await using t = await gatewayWithSource()
    const withdrawn: (string | undefined)[] = []
    const call = makeCall({
      client: LEGACY_CLIENT,
      ask: (requests, until) =>
        'answered' in requests
          ? Promise.resolve({ answered: { action: 'decline' } })
          : new Promise((_resolve, reject) => {
              until?.onCancel((reason) => {
                withdrawn.push(reason)
                reject(new Error(reason))
              })
            }),
    })
    const desk = deskFor(t.host, call)
    desk.attach(call)
    assert.deepEqual(await desk.ask(question('answered')), { action: 'decline' })
    await assert.rejects(desk.ask(question('late', { timeoutMs: 5 })), {
      code: 'MCP_QUESTION_EXPIRED',
    })
    assert.deepEqual(withdrawn, ['timed out'])
  })

  it('asks on the stream of the session where no call of a legacy client is open', async () => {
    await using t = await gatewayWithSource()
    const desk = deskFor(t.host, makeCall({ client: LEGACY_CLIENT }), {
      askSession: async (request) => ({ action: 'accept', content: { asked: request.method } }),
    })
    assert.deepEqual(await desk.ask(question('q')), {
      action: 'accept',
      content: { asked: 'elicitation/create' },
    })
  })

  it('remembers in which step a modern client could not be asked', async () => {
    await using t = await gatewayWithSource()
    const call = modernCall({ client: { ...MODERN_CLIENT, capabilities: {} } })
    const desk = deskFor(t.host, call)
    const refused = { code: 'MCP_CLIENT_CANNOT_ANSWER' }
    await assert.rejects(desk.ask(question('q')), refused)
    assert.equal(desk.refusalOf('q')?.code, refused.code)
    assert.equal(desk.refusalOf('other'), undefined)
    const roots = question('r', { request: { method: 'roots/list', params: {} } })
    await assert.rejects(desk.ask(roots), refused)
    assert.equal(desk.refusalOf('r'), undefined)
  })

  it('takes answers that come before the question is asked again, after a restart only', async () => {
    await using t = await gatewayWithSource()
    const answers = { q: { action: 'accept' } }
    const restored = deskFor(t.host, modernCall(), { session: async () => 'unknown' as const })
    restored.attach(modernCall({ retry: { state: 'r1', answers } }))
    assert.deepEqual(await restored.ask(question('q')), { action: 'accept' })
    const fresh = deskFor(t.host, modernCall())
    fresh.attach(modernCall({ retry: { state: 'r1', answers } }))
    await assert.rejects(fresh.ask(question('q', { timeoutMs: 5 })), {
      code: 'MCP_QUESTION_EXPIRED',
    })
  })

  it('bounds the runs that wait for answers, and counts each once', async () => {
    await using t = await gatewayWithSource()
    const parked = new ParkedRuns(() => ({ total: 10, perClient: 1 }))
    const [one, two] = [1, 2].map(() => deskFor(t.host, modernCall(), { parked }))
    const cancellation = new Cancellation()
    const asked = ['a', 'b'].map((key) => one!.ask(question(key, { cancellation })))
    await assert.rejects(two!.ask(question('c')), { code: 'MCP_TOO_MANY_PARKED' })
    cancellation.cancel('over')
    await Promise.allSettled(asked)
    const again = two!.ask(question('c', { timeoutMs: 5 }))
    await assert.rejects(again, { code: 'MCP_QUESTION_EXPIRED' })
  })

  it('tells all attached calls of progress and log lines of backends', async () => {
    const told: [string, JsonObject][] = []
    await using t = await gatewayWithSource({
      answer({ onNotification }) {
        onNotification?.('notifications/progress', { progress: 1, total: 2, message: 'half' })
        onNotification?.('notifications/message', { level: 'info', data: 'hello' })
        return resultReply({})
      },
    })
    const call = modernCall({ notify: (method, params) => void told.push([method, params]) })
    const desk = deskFor(t.host, call)
    const leave = desk.attach(call)
    desk.progress(1, 2, 'first done')
    await desk.call(step())
    await turn()
    assert.deepEqual(told, [
      ['notifications/progress', { progress: 1, total: 2, message: 'first done' }],
      ['notifications/progress', { progress: 1.5, total: 2, message: 'sum: half' }],
      ['notifications/message', { level: 'info', data: 'hello' }],
    ])
    assert.equal(leave(), true)
    assert.equal(leave(), false, 'leaves once')
    desk.progress(2, 2, 'all done')
    assert.equal(told.length, 3)
    desk.attach(call)
    assert.deepEqual(told.at(-1), [
      'notifications/progress',
      { progress: 2, total: 2, message: 'all done' },
    ])
  })

  it('has its backends see the session of a caller who is back', async () => {
    const passed: Call[] = []
    await using t = await gatewayWithSource({ passed })
    const session = await t.gateway.sessions.create({
      version: '2025-11-25',
      capabilities: {},
      principal: ANONYMOUS,
    })
    const desk = deskFor(t.host, makeCall({ client: LEGACY_CLIENT }), {
      session: () => t.host.findSession(session.id, ANONYMOUS),
    })
    await desk.call(step())
    assert.equal(passed[0]?.session?.id, session.id)
  })
})
