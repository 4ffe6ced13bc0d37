import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Cancellation } from '../base/cancellation.ts'
import type { BackendRequest } from '../mcp/backend-connection.ts'
import { ANONYMOUS } from '../mcp/caller.ts'
import { errorReply, resultReply } from '../mcp/reply.ts'
import { InnerCall, innerResult, type InnerCallOptions } from './inner-call.ts'
import { MODERN_CLIENT } from './testing/fake-backend.ts'
import { gatewayWithSource } from './testing/gateway-with-source.ts'

const QUESTION = {
  method: 'elicitation/create',
  params: { message: 'Sure?', requestedSchema: { type: 'object', properties: {} } },
} as const

function innerCall(changes: Partial<InnerCallOptions> = {}): InnerCall {
  return new InnerCall({
    caller: { principal: ANONYMOUS, client: MODERN_CLIENT },
    origin: { workflow: 'w', run: 'r1', step: 's' },
    tool: 'calc_list',
    arguments: {},
    cancellation: new Cancellation(),
    ask: () => Promise.reject(new Error('nobody to ask')),
    notify() {},
    ...changes,
  })
}

describe('an inner call', () => {
  it('brings the questions of a legacy backend to its source, for a modern client too', async () => {
    await using t = await gatewayWithSource({
      answer: async (request) => resultReply({ said: await request.onQuestion!(QUESTION) }),
    })
    const asked: unknown[] = []
    const call = innerCall({
      async ask(requests) {
        asked.push(requests)
        return Object.fromEntries(Object.keys(requests).map((key) => [key, { action: 'accept' }]))
      },
    })
    const reply = await t.host.answer(call)
    assert.deepEqual(innerResult('calc_list', reply), { said: { action: 'accept' } })
    assert.deepEqual(asked, [{ 'elicitation-1': QUESTION }])
  })

  it('goes through the rounds of a modern backend', async () => {
    const retries: BackendRequest['retry'][] = []
    await using t = await gatewayWithSource({
      era: 'modern',
      answer(request) {
        retries.push(request.retry)
        return request.retry === undefined
          ? { kind: 'input', requests: { q: QUESTION }, state: 'kept' }
          : resultReply({ done: true })
      },
    })
    const call = innerCall({ ask: async () => ({ q: { action: 'decline' } }) })
    assert.deepEqual(innerResult('x', await t.host.answer(call)), { done: true })
    assert.deepEqual(retries, [undefined, { answers: { q: { action: 'decline' } }, state: 'kept' }])
  })

  it('gives its place in the budget of the backend away while somebody is asked', async () => {
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>()
    await using t = await gatewayWithSource({
      operational: { concurrency: { perBackend: 1 } },
      answer: async (request) =>
        request.params?.['name'] === 'list'
          ? resultReply({ said: await request.onQuestion!(QUESTION) })
          : resultReply({ other: true }),
    })
    const budget = t.gateway.backends.get('calc')?.budget
    const asking = t.host.answer(
      innerCall({ ask: () => answered.then(() => ({ 'elicitation-1': {} })) }),
    )
    await turn()
    assert.equal(budget?.active, 0)
    const other = await t.host.answer(innerCall({ tool: 'calc.hidden' }))
    assert.deepEqual(innerResult('x', other), { other: true })
    answer()
    assert.deepEqual(innerResult('x', await asking), { said: {} })
    assert.deepEqual([budget?.active, budget?.waiting], [0, 0])
  })

  it('waits for its turn, and not any more when it is cancelled', async () => {
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>()
    let sent = 0
    await using t = await gatewayWithSource({
      operational: { concurrency: { perBackend: 1 } },
      async answer() {
        sent++
        await answered
        return resultReply({})
      },
    })
    const cancellation = new Cancellation()
    const first = t.host.answer(innerCall())
    const second = t.host.answer(innerCall({ cancellation }))
    await turn()
    cancellation.cancel('not wanted')
    await assert.rejects(second, { code: 'MCP_CALL_CANCELLED' })
    answer()
    await first
    assert.equal(sent, 1)
  })

  it('shows a backend what its client can answer and nothing else', async () => {
    await using t = await gatewayWithSource({ era: 'modern' })
    const client = {
      ...MODERN_CLIENT,
      capabilities: { elicitation: {}, extensions: { 'io.modelcontextprotocol/tasks': {} } },
      info: { name: 'editor', version: '1' },
    }
    await t.host.answer(innerCall({ caller: { principal: ANONYMOUS, client } }))
    const sent = t.fake.connections[0]?.requests.find(({ method }) => method === 'tools/call')
    assert.deepEqual(sent?.capabilities, { elicitation: {} })
    assert.deepEqual(sent?.clientInfo, client.info)
  })
})

describe('innerResult()', () => {
  it('says whether a refused call may have run', () => {
    assert.throws(() => innerResult('t', errorReply(-32602, 'no such argument')), {
      code: 'GATEWAY_INNER_CALL_FAILED',
      message: 'Tool "t" answered with error -32602: no such argument',
      details: { tool: 't', code: -32602, reason: 'no such argument', ran: 'no' },
    })
    assert.throws(() => innerResult('t', errorReply(-32603, 'broken')), {
      details: { tool: 't', code: -32603, reason: 'broken', ran: 'unknown' },
    })
  })
})
