import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JournalEntry } from './journal.ts'
import { fakePorts } from './testing/fake-ports.ts'
import { planOf } from './testing/plan-of.ts'
import { runPlan } from './testing/run-plan.ts'

/** A journal that has a mistake: it cannot take some entries. */
function journal(refuses: (entry: JournalEntry) => boolean) {
  const entries: JournalEntry[] = []
  return {
    entries,
    add(entry: JournalEntry) {
      if (refuses(entry)) throw new RangeError('Maximum call stack size exceeded')
      entries.push(entry)
    },
    commit: () => undefined,
  }
}

const answered = fakePorts().call

describe('a mistake of ours', () => {
  it('while a step ends, fails the run and names the step', async () => {
    const plan = planOf([
      { id: 'a', tool: 't' },
      { id: 'b', tool: 't', after: ['a'] },
      { id: 'c', tool: 't', after: ['b'] },
    ])
    const bugs: unknown[] = []
    const { outcome, ports } = await runPlan(plan, {
      journal: journal(
        (entry) =>
          entry.kind === 'step-finished' && entry.step === 'b' && entry.status === 'completed',
      ),
      bug: (error) => bugs.push(error),
    })
    assert.ok(outcome.status === 'failed')
    assert.equal(outcome.failure.step, 'b')
    assert.equal(
      outcome.failure.message,
      'step "b" failed: internal error: Maximum call stack size exceeded',
    )
    assert.deepEqual(outcome.completed, ['a'])
    assert.deepEqual(
      ports.calls.map(({ step }) => step),
      ['a', 'b'],
    )
    assert.equal(bugs.length, 1)
  })

  it('while a step runs, ends those beside it', async () => {
    const plan = planOf([
      { id: 'a', tool: 't' },
      { id: 'b', tool: 't' },
    ])
    const { outcome } = await runPlan(plan, {
      journal: journal((entry) => entry.kind === 'call-started' && entry.step === 'a'),
      call: ({ cancellation }) =>
        new Promise((_, reject) => void cancellation.onCancel((why) => reject(new Error(why)))),
    })
    assert.ok(outcome.status === 'failed')
    assert.equal(outcome.failure.step, 'a')
    assert.equal(outcome.steps['b']?.status, 'cancelled')
  })

  it('in one iteration, ends the others of the loop before the run ends', async () => {
    const plan = planOf([{ id: 'l', each: '[0,1,2,3]', step: { id: 'i', tool: 't' } }])
    let open = 0
    const { outcome } = await runPlan(plan, {
      journal: journal((entry) => entry.kind === 'item-finished' && entry.item === 2),
      call: (call) => {
        if (call.iteration === 2) return answered(call)
        open += 1
        return new Promise((_, reject) => {
          call.cancellation.onCancel((why) => {
            open -= 1
            reject(new Error(why))
          })
        })
      },
    })
    assert.ok(outcome.status === 'failed')
    assert.equal(outcome.failure.step, 'l')
    assert.equal(open, 0)
  })

  it('that is met again and again, still ends the run', async () => {
    const plan = planOf([{ id: 'a', tool: 't' }])
    const run = runPlan(plan, { journal: journal(({ kind }) => kind === 'step-finished') })
    await assert.rejects(run, RangeError)
  })
})
