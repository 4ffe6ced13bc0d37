import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Cancellation } from '../../base/cancellation.ts'
import type { Call } from '../../mcp/call.ts'
import { makeCall } from '../testing/fake-backend.ts'
import { createClientShares } from './client-shares.ts'

/** Shares of two calls each, and calls that hang until they are ended. */
function setUp(limits = { maxCalls: 2, maxWaiting: 10 }) {
  const shares = createClientShares({ backend: 'calc', limits: () => limits })
  const running: { name: string; end: () => void; fail: () => void }[] = []
  const failed: unknown[] = []
  const call = (name: string, changes: Partial<Call>): Promise<unknown> =>
    shares
      .within(makeCall(changes), () => {
        const { promise, resolve, reject } = Promise.withResolvers<void>()
        running.push({ name, end: resolve, fail: () => reject(new Error('broken')) })
        return promise
      })
      .catch((error: unknown) => failed.push(error))
  const names = () => running.map(({ name }) => name)
  return { shares, running, failed, call, names, limits }
}

const user = (name: string): Partial<Call> => ({
  principal: { kind: 'oidc', binding: `idp\0${name}` },
})

describe('the shares of clients at a backend', () => {
  it('make a client wait for its own calls, and nobody else', async () => {
    const t = setUp()
    for (const name of ['a1', 'a2', 'a3', 'a4', 'b1']) void t.call(name, user(name[0]!))
    await turn()
    assert.deepEqual(t.names(), ['a1', 'a2', 'b1'])
    t.running[0]!.end()
    await turn()
    assert.deepEqual(t.names().slice(3), ['a3'])
    t.running[1]!.fail()
    await turn()
    assert.deepEqual(t.names().slice(4), ['a4'])
  })

  it('know a client by user, session, or address', async () => {
    const t = setUp({ maxCalls: 1, maxWaiting: 10 })
    const clients: Partial<Call>[] = [
      user('a'),
      { ...user('b'), source: '10.0.0.1' },
      { source: '10.0.0.1' },
      { source: '10.0.0.2' },
      {},
    ]
    for (const client of clients) {
      void t.call('first', client)
      void t.call('second', client)
    }
    void t.call('second', { ...user('b'), source: '10.0.0.3' })
    await turn()
    assert.deepEqual(
      t.names(),
      clients.map(() => 'first'),
    )
  })

  it('refuse a call where too many of its client wait, and forget who does not want to wait', async () => {
    const t = setUp({ maxCalls: 1, maxWaiting: 1 })
    const cancellation = new Cancellation()
    void t.call('a1', user('a'))
    void t.call('a2', { ...user('a'), cancellation })
    void t.call('a3', user('a'))
    await turn()
    cancellation.cancel('enough')
    void t.call('a4', { ...user('a'), cancellation })
    void t.call('a5', user('a'))
    await turn()
    assert.deepEqual(
      t.failed.map((error) => (error as { code: string }).code),
      ['GATEWAY_CLIENT_BUSY', 'MCP_CALL_CANCELLED', 'MCP_CALL_CANCELLED'],
    )
    t.running[0]!.end()
    await turn()
    assert.deepEqual(t.names(), ['a1', 'a5'])
  })

  it('grow with the limit, and are forgotten once they are not used', async () => {
    const t = setUp({ maxCalls: 1, maxWaiting: 10 })
    for (const name of ['a1', 'a2', 'a3', 'a4']) void t.call(name, user('a'))
    await turn()
    t.limits.maxCalls = 3
    t.running[0]!.end()
    await turn()
    assert.deepEqual(t.names(), ['a1', 'a2', 'a3', 'a4'])
    t.shares.sweep()
    assert.equal(t.shares.size, 1)
    for (const { end } of t.running) end()
    await turn()
    t.shares.sweep()
    assert.equal(t.shares.size, 0)
  })
})
