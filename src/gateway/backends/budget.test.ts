import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { Cancellation } from '../../base/cancellation.ts'
import { createBudget } from './budget.ts'

const NEVER = new Cancellation()

function budgetOf(limits: { maxCalls: number; maxWaiting?: number }) {
  return createBudget({
    backend: 'calc',
    limits: () => ({ maxCalls: limits.maxCalls, maxWaiting: limits.maxWaiting ?? 100 }),
  })
}

describe('the budget of a backend', () => {
  it('lets calls go at once while there are places', () => {
    const budget = budgetOf({ maxCalls: 2 })
    assert.equal(budget.enter('a', NEVER), undefined)
    assert.equal(budget.enter('a', NEVER), undefined)
    assert.equal(budget.active, 2)
    assert.ok(budget.enter('a', NEVER) instanceof Promise)
    assert.equal(budget.waiting, 1)
  })

  it('lets runs take turns, however many calls one of them has waiting', async () => {
    const budget = budgetOf({ maxCalls: 1 })
    const order: string[] = []
    void budget.enter('first', NEVER)
    for (const call of ['long-1', 'long-2', 'long-3', 'short-1', 'other-1', 'short-2']) {
      void budget.enter(call.split('-')[0]!, NEVER)?.then(() => order.push(call))
    }
    for (let left = 0; left < 6; left++) {
      budget.leave()
      await turn()
    }
    assert.deepEqual(order, ['long-1', 'short-1', 'other-1', 'long-2', 'short-2', 'long-3'])
    assert.deepEqual([budget.active, budget.waiting], [1, 0])
  })

  it('forgets who does not want to wait any more', async () => {
    const budget = budgetOf({ maxCalls: 1 })
    const cancellation = new Cancellation()
    void budget.enter('a', NEVER)
    const waiting = budget.enter('b', cancellation)
    cancellation.cancel('enough')
    await assert.rejects(waiting!, {
      code: 'MCP_CALL_CANCELLED',
      details: { reason: 'enough', ran: 'no' },
    })
    assert.equal(budget.waiting, 0)
    await assert.rejects(budget.enter('b', cancellation)!, { code: 'MCP_CALL_CANCELLED' })
    budget.leave()
    assert.equal(budget.active, 0)
  })

  it('refuses when too many wait', async () => {
    const budget = budgetOf({ maxCalls: 1, maxWaiting: 1 })
    void budget.enter('a', NEVER)
    void budget.enter('a', NEVER)
    await assert.rejects(budget.enter('b', NEVER)!, { code: 'GATEWAY_BACKEND_BUSY' })
  })

  it('lets nobody in who does not want to any more', async () => {
    const budget = budgetOf({ maxCalls: 1 })
    const given = new Cancellation()
    given.cancel('enough')
    await assert.rejects(budget.enter('a', given)!, { code: 'MCP_CALL_CANCELLED' })
    assert.equal(budget.active, 0)
  })

  it('never makes a call wait again that comes back', () => {
    const budget = budgetOf({ maxCalls: 1 })
    void budget.enter('a', NEVER)
    budget.leave()
    void budget.enter('b', NEVER)
    budget.resume()
    assert.equal(budget.active, 2)
    budget.leave()
    budget.leave()
    assert.equal(budget.active, 0)
  })

  it('takes another limit from the next call on', async () => {
    const limits = { maxCalls: 1 }
    const budget = budgetOf(limits)
    void budget.enter('a', NEVER)
    let isIn = false
    void budget.enter('a', NEVER)?.then(() => (isIn = true))
    limits.maxCalls = 3
    await budget.enter('b', NEVER)
    assert.ok(isIn)
    assert.equal(budget.active, 3)
  })

  it('never exceeds its limit nor leaves a place free that somebody waits for', async () => {
    const calls = fc.array(
      fc.record({
        run: fc.constantFrom('a', 'b', 'c'),
        leaves: fc.nat({ max: 3 }),
        cancels: fc.boolean(),
      }),
      { maxLength: 30 },
    )
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), calls, async (maxCalls, all) => {
        const budget = budgetOf({ maxCalls })
        for (const { run, leaves, cancels } of all) {
          const cancellation = new Cancellation()
          budget.enter(run, cancellation)?.catch(() => {})
          if (cancels) cancellation.cancel('not wanted')
          for (let left = 0; left < leaves && budget.active > 0; left++) budget.leave()
          assert.ok(budget.active <= maxCalls)
          assert.ok(budget.waiting === 0 || budget.active === maxCalls)
        }
        await turn()
      }),
      { numRuns: 200 },
    )
  })
})
