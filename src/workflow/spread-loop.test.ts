import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { JsonObject } from '../base/json.ts'
import type { RunSpread } from './iteration-spread.ts'
import type { JournalEntry, RunJournal } from './journal.ts'
import type { RunOutcome } from './outcome.ts'
import type { StepCall, WorkflowPorts } from './ports.ts'
import { recoverRun, type RecoveredRun } from './recover-run.ts'
import { fakeSpread } from './testing/fake-spread.ts'
import { planOf, type ShortStep } from './testing/plan-of.ts'
import { runPlan } from './testing/run-plan.ts'

type Loop = Extract<ShortStep, { each: string }>

function loop(rest: Partial<Loop> = {}): Loop {
  const step = { id: 'one', tool: 't', arguments: { v: '{{.forEach.item}}' } }
  return { id: 'l', each: '{{json .params.list}}', distribution: 'fleet', step, ...rest }
}

const fine = ({ arguments: args }: StepCall): JsonObject => ({
  content: [],
  structuredContent: args,
})
const LIST = ['a', 'b', 'c', 'd', 'e', 'f']
const SAFE = { tool: () => ({ readOnly: true, idempotent: false }) }

function keeping(entries: JournalEntry[] = []): { journal: RunJournal; entries: JournalEntry[] } {
  const journal = {
    add: (entry: JournalEntry) => void entries.push(entry),
    commit: () => undefined,
  }
  return { journal, entries }
}

async function run(
  step: Loop,
  given: Partial<WorkflowPorts> & {
    list?: string[]
    spread: RunSpread
    recovered?: RecoveredRun | undefined
  },
) {
  const { list = LIST, spread, recovered, ...rest } = given
  const options = recovered === undefined ? { spread } : { spread, recovered }
  return runPlan(planOf([step]), { args: { list }, options, ...rest })
}

const iterationsOf = (outcome: RunOutcome): JsonObject[] => {
  const output =
    outcome.status === 'completed' ? outcome.output : (outcome.steps['l']?.output ?? {})
  return output['iterations'] as unknown as JsonObject[]
}

describe('a loop over the fleet', () => {
  it('hands over the call of each iteration, so many at once, and keeps the order', async () => {
    let active = 0
    let most = 0
    const fleet = fakeSpread(async (call) => {
      active += 1
      most = Math.max(most, active)
      for (let turns = call.iteration === 0 ? 20 : 1; turns > 0; turns--) await turn()
      active -= 1
      return fine(call)
    })
    const { journal, entries } = keeping()
    const { outcome, ports } = await run(loop({ maxParallel: 2 }), {
      spread: fleet.spread,
      journal,
    })
    assert.deepEqual(
      iterationsOf(outcome).map(({ output }) => (output as JsonObject)['v']),
      LIST,
    )
    assert.equal(most, 2)
    assert.equal(ports.calls.length, 0)
    const written = entries.flatMap((one) => (one.kind === 'call-started' ? [one.job] : []))
    assert.deepEqual(written, fleet.jobs)
    await turn()
    assert.deepEqual(fleet.forgotten.toSorted(), fleet.jobs.toSorted())
  })

  it('6.6: makes the calls itself while it is alone, and those of other loops always', async () => {
    const fleet = fakeSpread(async (call) => fine(call))
    const alone = { ...fleet.spread, isShared: () => false }
    const { ports } = await run(loop(), { spread: alone })
    assert.equal(ports.calls.length, LIST.length)
    const local = await run(loop({ distribution: 'local' }), { spread: fleet.spread })
    assert.equal(local.ports.calls.length, LIST.length)
    assert.deepEqual(fleet.jobs, [])
  })

  it('hands a call that does no harm over again when its worker is gone', async () => {
    const fleet = fakeSpread(async (call, job) => (job === 'j2' ? 'lost' : fine(call)))
    const { outcome } = await run(loop(), { ...SAFE, spread: fleet.spread })
    assert.equal(outcome.status, 'completed')
    assert.equal(fleet.jobs.length, LIST.length + 1)
  })

  it('gives up a call whose workers die again and again', async () => {
    const fleet = fakeSpread(async (call) => (call.iteration === 1 ? 'lost' : fine(call)))
    const step = loop({ onError: { action: 'continue' } })
    const { outcome } = await run(step, { ...SAFE, spread: fleet.spread })
    const [, second] = iterationsOf(outcome)
    assert.equal(second?.['status'], 'failed')
    assert.match(JSON.stringify(second?.['error']), /The replica that called .* is gone/)
    assert.equal(fleet.jobs.length, LIST.length + 2)
  })

  it('names all calls of which nobody knows whether they were made, and ends no others', async () => {
    const late = Promise.withResolvers<void>()
    const cancelled: (number | undefined)[] = []
    const fleet = fakeSpread(async (call) => {
      call.cancellation.onCancel(() => cancelled.push(call.iteration))
      if (call.iteration === 0) return 'lost'
      if (call.iteration === 2) {
        await turn()
        // The other one ends when this is known.
        setTimeout(late.resolve, 20)
        return 'lost'
      }
      await late.promise
      return fine(call)
    })
    const { journal, entries } = keeping()
    const { outcome } = await run(loop({ maxParallel: 3 }), { spread: fleet.spread, journal })
    assert.equal(outcome.status, 'outcome_unknown')
    assert.match(
      outcome.status === 'outcome_unknown' ? outcome.failure.message : '',
      /iterations 0, 2: /,
    )
    assert.deepEqual(cancelled, [])
    assert.deepEqual(
      iterationsOf(outcome).map(({ status }) => status),
      ['failed', 'completed', 'failed', 'cancelled', 'cancelled', 'cancelled'],
    )
    assert.equal(fleet.jobs.length, 3)
    const known = entries.flatMap((one) =>
      one.kind === 'item-finished' && one.unknown ? [one.item] : [],
    )
    assert.deepEqual(known, [0, 2])
  })

  it('goes on after a crash: waits for what was handed over, and calls nothing twice', async () => {
    const before: JournalEntry[] = [
      {
        kind: 'run-started',
        at: 1,
        workflow: 'flow',
        digest: 'digest',
        definition: {},
        args: { list: LIST },
        caller: {},
        owner: 'dead',
      },
      { kind: 'loop-started', at: 1, step: 'l', count: 6 },
      ...['a', 'b', 'c'].map(
        (_, item) =>
          ({
            kind: 'call-started',
            at: 1,
            step: 'l',
            item,
            attempt: 1,
            safe: false,
            job: `old-${item}`,
          }) as const,
      ),
      {
        kind: 'item-finished',
        at: 2,
        step: 'l',
        item: 0,
        status: 'completed',
        tries: 1,
        output: { v: 'a' },
      },
    ]
    const fleet = fakeSpread(async (call, job) => (job === 'old-2' ? 'lost' : fine(call)))
    const { outcome } = await run(loop({ maxParallel: 2 }), {
      spread: fleet.spread,
      recovered: recoverRun(before),
    })
    assert.deepEqual(fleet.waitedFor, ['old-1', 'old-2'])
    assert.equal(outcome.status, 'outcome_unknown')
    assert.match(
      outcome.status === 'outcome_unknown' ? outcome.failure.message : '',
      /iteration 2: /,
    )
    const safely = fakeSpread(async (call, job) => (job === 'old-2' ? 'lost' : fine(call)))
    const again = await run(loop({ step: { ...loop().step, idempotent: true } }), {
      spread: safely.spread,
      recovered: recoverRun(before),
    })
    assert.equal(again.outcome.status, 'completed')
    assert.deepEqual(safely.waitedFor, ['old-1', 'old-2'])
    assert.equal(safely.jobs.length, 4)
  })
})
