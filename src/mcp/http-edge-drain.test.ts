import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { mcpErrors } from './errors.ts'
import type { AdoptCall } from './late-call.ts'
import { resultReply } from './reply.ts'
import { initializeLegacy, modern, send, startTestEdge, until } from './testing/test-edge.ts'

const LATE = mcpErrors.CALL_LOST({ replica: 'this one', ran: 'unknown' })

const legacyCall = (name: string, id: number) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name },
})

describe('the end of a drain', () => {
  it('begins no call while those that take too long are handed over, and cancels none of them', async () => {
    await using test = await startTestEdge()
    const cancelled: string[] = []
    test.gateway.tools.set('endless', (call) => {
      call.cancellation.onCancel((reason) => cancelled.push(reason))
      return new Promise(() => {})
    })
    const client = await initializeLegacy(test.url)
    const running = [
      client.post(legacyCall('endless', 1)),
      send(test.url, modern('tools/call', { name: 'endless' })),
    ]
    await until(() => test.edge.inFlight === 2)
    const { promise: adopted, resolve: adopt } = Promise.withResolvers<void>()
    let adopting = 0
    const adoptSlowly: AdoptCall = async () => {
      adopting++
      await adopted
      return { error: LATE, settle: () => {} }
    }
    const drained = test.edge.drain(10, adoptSlowly)
    await until(() => adopting === 2)
    const refused = [
      await client.post(legacyCall('echo', 2)),
      await send(test.url, modern('tools/call', { name: 'echo' })),
    ]
    adopt()
    await drained
    for (const { status, headers, json } of refused) {
      assert.equal(status, 503)
      assert.equal(headers['retry-after'], '1')
      assert.deepEqual(json.error?.['data'], {
        code: 'MCP_SHUTTING_DOWN',
        hint: 'Send it again: another replica, or this server when it is back, runs it',
        retryAfterMs: 1000,
      })
    }
    assert.equal(test.gateway.calls.length, 2, 'what was refused did not run')
    for (const answer of await Promise.all(running)) {
      assert.match(JSON.stringify(answer.json.error), /"message":"Outcome unknown/)
    }
    assert.deepEqual(cancelled, [])
  })

  it('serves what is still on its way when all calls have ended', async () => {
    await using test = await startTestEdge()
    const client = await initializeLegacy(test.url)
    await test.edge.drain(10, async () => ({ error: LATE, settle: () => {} }))
    test.edge.close()
    const answers = [
      await client.post(legacyCall('echo', 1)),
      await send(test.url, modern('tools/call', { name: 'echo' })),
    ]
    for (const { status, json } of answers) assert.ok(status === 200 && json.result !== undefined)
  })

  it('takes no answers to a parked call any more, and gives one that has ended its answer', async () => {
    await using test = await startTestEdge()
    const capabilities = { elicitation: { form: {} } }
    const question = {
      method: 'elicitation/create',
      params: { message: 'Who?', requestedSchema: { type: 'object', properties: {} } },
    } as const
    test.gateway.tools.set('asks', async (call) => {
      await call.ask({ q: question })
      return resultReply({ content: [] })
    })
    const { promise: enough, resolve: end } = Promise.withResolvers<void>()
    test.gateway.tools.set('gives-up', async (call) => {
      call.ask({ q: question }).catch(() => {})
      await enough
      return resultReply({ content: [] })
    })
    const states: unknown[] = []
    for (const name of ['asks', 'gives-up']) {
      const asked = await send(test.url, modern('tools/call', { name }, { capabilities }))
      states.push(asked.json.result?.['requestState'])
    }
    end()
    test.gateway.tools.set('endless', () => new Promise(() => {}))
    const running = send(test.url, modern('tools/call', { name: 'endless' }))
    await until(() => test.edge.inFlight === 3)
    const { promise: adopted, resolve: adopt } = Promise.withResolvers<void>()
    let adopting = 0
    const drained = test.edge.drain(10, async () => {
      adopting++
      await adopted
      return { error: LATE, settle: () => {} }
    })
    await until(() => adopting === 1)
    const retry = (name: string, requestState: unknown) =>
      send(
        test.url,
        modern(
          'tools/call',
          {
            name,
            requestState: String(requestState),
            inputResponses: { q: { action: 'accept', content: {} } },
          },
          { capabilities },
        ),
      )
    const refused = await retry('asks', states[0])
    const answered = await retry('gives-up', states[1])
    adopt()
    await Promise.all([drained, running])
    assert.equal(refused.status, 503)
    assert.equal(answered.json.result?.['resultType'], 'complete', answered.text)
  })
})
