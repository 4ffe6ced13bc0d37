import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemNow } from '../base/clock.ts'
import type { JsonObject } from '../base/json.ts'
import { openStorage } from '../storage/open-storage.ts'
import type { Stores } from '../storage/stores.ts'
import type { StepCall } from './ports.ts'
import type { RunEvent } from './run-events.ts'
import type { RunTable } from './runs.ts'
import { openTestTable } from './testing/open-test-table.ts'
import { planOf } from './testing/plan-of.ts'

const chain = planOf([
  { id: 'a', tool: 't', arguments: { n: 1 } },
  { id: 'b', tool: 't', after: ['a'], arguments: { n: '{{.steps.a.output.n}}' } },
])
const fine = (output: JsonObject = {}): JsonObject => ({ content: [], structuredContent: output })
const never = (): Promise<never> => new Promise(() => {})

async function withStores(
  test: (stores: Stores) => Promise<void>,
  provider: 'memory' | 'sqlite' = 'memory',
): Promise<void> {
  const settings =
    provider === 'memory' ? { provider } : { provider, path: ':memory:', keyPrefix: 'thv:' }
  const stores = await openStorage(settings, { now: systemNow })
  try {
    await test(stores)
  } finally {
    await stores.close()
  }
}

describe('the table of runs', () => {
  for (const provider of ['memory', 'sqlite'] as const) {
    it(`runs, keeps how it ended, and tells the timeline (${provider})`, async () => {
      await withStores(async (stores) => {
        const { table } = await openTestTable(stores)
        const caller = { who: 'me' }
        const run = await table.start({ plan: chain, args: { token: 'secret' }, caller })
        assert.equal(table.live(run.id), run)
        const outcome = await run.outcome
        assert.deepEqual(outcome, { status: 'completed', output: { n: '1' } })
        assert.equal(table.live(run.id), undefined)
        assert.deepEqual(await table.outcome(run.id), outcome)
        const [summary] = await table.list()
        assert.equal(summary?.status, 'completed')
        const details = (await table.get(run.id))!
        assert.deepEqual(details.caller, caller)
        assert.deepEqual(details.args, { token: '[redacted]' })
        assert.deepEqual(details.output, { n: '1' })
        const lines = details.steps.map(({ step, status, tries, outputBytes }) => ({
          step,
          status,
          tries,
          outputBytes,
        }))
        assert.deepEqual(lines, [
          { step: 'a', status: 'completed', tries: 1, outputBytes: 7 },
          { step: 'b', status: 'completed', tries: 1, outputBytes: 9 },
        ])
        assert.ok(details.steps.every((line) => line.endedAt! >= line.startedAt!))
        await table.close()
      }, provider)
    })
  }

  it('keeps how a failed run ended, with its partial results, also of loops', async () => {
    await withStores(async (stores) => {
      const call = async ({ iteration }: StepCall) =>
        iteration === 1
          ? { isError: true, content: [{ type: 'text', text: 'bad' }] }
          : fine({ iteration: iteration ?? null })
      const { table } = await openTestTable(stores, { call })
      const plan = planOf([
        { id: 'l', each: '{{json .params.list}}', maxParallel: 1, step: { id: 'one', tool: 't' } },
      ])
      const run = await table.start({ plan, args: { list: [1, 2, 3] }, caller: {} })
      const outcome = await run.outcome
      assert.equal(outcome.status, 'failed')
      assert.deepEqual(await table.outcome(run.id), outcome)
      const [summary] = await table.list()
      assert.equal(summary?.failedStep, 'l')
      const details = await table.get(run.id)
      assert.deepEqual(details?.steps[0]?.iterations, {
        count: 3,
        completed: 1,
        failed: 1,
        running: 0,
        unknown: 0,
      })
      await table.close()
    })
  })

  it('6.12 (weak there): goes on after the process died: finished steps are not called again', async () => {
    await withStores(async (stores) => {
      const reached: string[] = []
      const first = await openTestTable(stores, {
        tool: () => ({ readOnly: true, idempotent: false }),
        call: ({ step }) => {
          reached.push(step)
          return step === 'a' ? Promise.resolve(fine({ n: 7 })) : never()
        },
      })
      const { id } = await first.table.start({ plan: chain, args: {}, caller: { who: 'me' } })
      await untilBegun(first.table, id, 1)
      assert.deepEqual(reached, ['a', 'b'])
      const calls: StepCall[] = []
      const callers: unknown[] = []
      const second = await openTestTable(
        stores,
        {},
        {
          isGone: () => true,
          portsOf: ({ caller }) => {
            callers.push(caller)
            return {
              call: async (call) => {
                calls.push(call)
                return fine(call.arguments)
              },
              tool: () => undefined,
              ask: never,
              progress: () => {},
            }
          },
        },
      )
      assert.equal(await second.table.recover(), 1)
      const run = second.table.live(id)
      assert.deepEqual(await run?.outcome, { status: 'completed', output: { n: '7' } })
      assert.deepEqual(
        calls.map(({ step }) => step),
        ['b'],
      )
      assert.deepEqual(callers, [{ who: 'me' }])
      assert.equal(await second.table.recover(), 0)
      await second.table.close()
    })
  })

  it('does not forget a run that was resumed for having ended once', async () => {
    await withStores(async (stores) => {
      const held = Promise.withResolvers<JsonObject>()
      let isFirst = true
      const call = ({ step }: StepCall): Promise<JsonObject> => {
        if (step !== 'b') return Promise.resolve(fine({ n: 7 }))
        if (!isFirst) return held.promise
        isFirst = false
        return Promise.resolve({ isError: true, content: [] })
      }
      const limits = { keepMs: 60_000, maxRuns: 1, maxRunBytes: 1000 }
      const { table, errors } = await openTestTable(stores, { call }, { limits })
      const run = await table.start({ plan: chain, args: {}, caller: {} })
      assert.equal((await run.outcome).status, 'failed')
      const other = await openTestTable(stores, {}, { limits })
      const resumed = await table.resume(run.id)
      await (
        await other.table.start({ plan: chain, args: {}, caller: {} })
      ).outcome
      await (
        await other.table.start({ plan: chain, args: {}, caller: {} })
      ).outcome
      assert.equal((await table.get(run.id))?.status, 'running')
      held.resolve(fine({ done: true }))
      assert.deepEqual(await resumed.outcome, { status: 'completed', output: { done: true } })
      assert.equal((await table.get(run.id))?.status, 'completed')
      assert.deepEqual(errors, [])
      await other.table.close()
      await table.close()
    })
  })

  it('tells the same times in the list and of the run itself', async () => {
    await withStores(async (stores) => {
      let time = 1_700_000_000_000
      // Whoever asks for the time twice gets two.
      const now = (): number => (time += 7)
      const { table } = await openTestTable(stores, {}, { now })
      for (const plan of [chain, planOf([{ id: 'a', tool: 't', condition: 'neither' }])]) {
        const run = await table.start({ plan, args: {}, caller: {} })
        await run.outcome
        const [listed] = await table.list()
        const shown = await table.get(run.id)
        assert.equal(listed?.id, run.id)
        assert.deepEqual([listed.startedAt, listed.endedAt], [shown?.startedAt, shown?.endedAt])
      }
      await table.close()
    })
  })

  it('says of a run and its step that they wait for an answer, whoever is asked', async () => {
    await withStores(async (stores) => {
      const answered = Promise.withResolvers<JsonObject>()
      const ports = { ask: () => answered.promise }
      const first = await openTestTable(stores, ports)
      const other = await openTestTable(stores)
      const plan = planOf([
        { id: 'q', ask: 'Sure?' },
        { id: 'b', tool: 't' },
      ])
      const { id, outcome } = await first.table.start({ plan, args: {}, caller: {} })
      const stepsOf = async (table: RunTable) =>
        (await table.get(id))?.steps.map(({ status }) => status).join()
      const listed = async (table: RunTable) => (await table.list()).map(({ status }) => status)
      await until(async () => (await stepsOf(first.table)) === 'waiting,completed')
      for (const { table } of [first, other]) {
        assert.equal((await table.get(id))?.status, 'waiting')
        assert.equal(await stepsOf(table), 'waiting,completed')
        assert.deepEqual(await listed(table), ['waiting'])
      }
      answered.resolve({ action: 'accept', content: {} })
      await outcome
      assert.deepEqual(await listed(other.table), ['completed'])
      assert.equal((await other.table.get(id))?.status, 'completed')
      assert.equal(await stepsOf(other.table), 'completed,completed')
      for (const { table } of [first, other]) await table.close()
    })
  })

  it('ends a run as unknown when it died in a call that must not be made twice; an operator can resume it', async () => {
    await withStores(async (stores) => {
      let reached = false
      const first = await openTestTable(stores, {
        call: ({ step }) => {
          if (step === 'a') return Promise.resolve(fine({ n: 7 }))
          reached = true
          return never()
        },
      })
      const { id } = await first.table.start({ plan: chain, args: {}, caller: {} })
      await until(() => reached)
      await stores.appendLog.read('x')
      const calls: string[] = []
      const second = await openTestTable(
        stores,
        {
          call: async ({ step }) => {
            calls.push(step)
            return fine({ step })
          },
        },
        { isGone: () => true },
      )
      await second.table.recover()
      const outcome = await second.table.live(id)?.outcome
      assert.equal(outcome?.status, 'outcome_unknown')
      assert.deepEqual(calls, [])
      const details = await second.table.get(id)
      assert.equal(details?.failedStep, 'b')
      assert.match(details?.error ?? '', /outcome unknown of step "b"/)
      const resumed = await second.table.resume(id)
      assert.deepEqual(await resumed.outcome, { status: 'completed', output: { step: 'b' } })
      assert.deepEqual(calls, ['b'])
      const after = await second.table.get(id)
      assert.equal(after?.status, 'completed')
      assert.deepEqual([after.error, after.failedStep], [undefined, undefined])
      assert.deepEqual(
        after.steps.map((step) => step.error),
        [undefined, undefined],
        'what failed in an earlier life did not fail in the end',
      )
      await assert.rejects(second.table.resume(id), { code: 'WORKFLOW_RUN_NOT_RESUMABLE' })
      await assert.rejects(second.table.resume('nobody'), { code: 'WORKFLOW_RUN_NOT_FOUND' })
      await second.table.close()
    })
  })

  it('leaves the runs of processes that are there alone, and stops a run that another process took', async () => {
    await withStores(async (stores) => {
      let finish = (_: JsonObject): void => {}
      const call = ({ step }: StepCall): Promise<JsonObject> =>
        step === 'a' ? new Promise((resolve) => (finish = resolve)) : Promise.resolve(fine())
      const first = await openTestTable(stores, { call })
      const run = await first.table.start({ plan: chain, args: {}, caller: {} })
      await until(() => first.table.live(run.id) !== undefined)
      await sleep(5)
      const polite = await openTestTable(stores)
      assert.equal(await polite.table.recover(), 0)
      const rude = await openTestTable(stores, { call: async () => fine() }, { isGone: () => true })
      assert.equal(await rude.table.recover(), 1)
      await rude.table.idle()
      finish(fine({ n: 1 }))
      await assert.rejects(run.outcome, { code: 'WORKFLOW_RUN_TAKEN_OVER' })
      const outcome = await rude.table.outcome(run.id)
      assert.equal(outcome?.status, 'outcome_unknown')
      for (const { table } of [first, polite, rude]) await table.close()
    })
  })

  it('6.12 (weak there): cancels a run here, and one of another process', async () => {
    await withStores(async (stores) => {
      const cancelled: string[] = []
      const call = ({ cancellation }: StepCall): Promise<JsonObject> =>
        new Promise((_, reject) =>
          cancellation.onCancel((why) => {
            cancelled.push(why)
            reject(new Error(why))
          }),
        )
      const { table } = await openTestTable(stores, { call })
      const run = await table.start({ plan: chain, args: {}, caller: {} })
      const other = await openTestTable(stores)
      await sleep(5)
      assert.equal(await other.table.cancel(run.id, 'from afar'), true)
      assert.equal(await table.cancel(run.id, 'enough'), true)
      assert.equal((await run.outcome).status, 'cancelled')
      assert.match(cancelled.join(), /enough/)
      assert.equal(await table.cancel(run.id, 'again'), false)
      await table.close()
      await other.table.close()
    })
  })

  it('lets calls end when it closes, and leaves the rest to the next start', async () => {
    await withStores(async (stores) => {
      const call = async ({ step }: StepCall): Promise<JsonObject> => {
        await sleep(20)
        return fine({ step })
      }
      const first = await openTestTable(stores, { call })
      const run = await first.table.start({ plan: chain, args: {}, caller: {} })
      await sleep(2)
      await first.table.close(5000)
      await assert.rejects(run.outcome, { code: 'WORKFLOW_RUN_SUSPENDED' })
      const second = await openTestTable(stores, { call })
      assert.equal(await second.table.recover(), 1)
      const outcome = await second.table.live(run.id)?.outcome
      assert.deepEqual(outcome, { status: 'completed', output: { step: 'b' } })
      await second.table.close()
    })
  })

  it('does not wait for ever when it closes; a call that was dropped is unknown afterwards', async () => {
    await withStores(async (stores) => {
      let reached = false
      const first = await openTestTable(stores, {
        call: ({ cancellation }) => {
          reached = true
          return new Promise((_, reject) => cancellation.onCancel((why) => reject(new Error(why))))
        },
      })
      const run = await first.table.start({ plan: chain, args: {}, caller: {} })
      await until(() => reached)
      await first.table.close(10)
      await assert.rejects(run.outcome, { code: 'WORKFLOW_RUN_SUSPENDED' })
      const second = await openTestTable(stores)
      assert.equal(await second.table.recover(), 1)
      assert.equal((await second.table.live(run.id)?.outcome)?.status, 'outcome_unknown')
      await second.table.close()
    })
  })

  it('keeps a question over a restart', async () => {
    await withStores(async (stores) => {
      const plan = planOf([
        { id: 'q', ask: 'Sure?' },
        { id: 'b', tool: 't', after: ['q'], arguments: { said: '{{.steps.q.output.action}}' } },
      ])
      let asked = 0
      const first = await openTestTable(stores, {
        ask: ({ cancellation }) => {
          asked += 1
          return new Promise((_, reject) => cancellation.onCancel((why) => reject(new Error(why))))
        },
      })
      const run = await first.table.start({ plan, args: {}, caller: {} })
      await until(() => asked === 1)
      assert.equal((await first.table.list())[0]?.status, 'waiting')
      await first.table.close(5000)
      const second = await openTestTable(stores, {
        ask: async ({ key, timeoutMs }) => {
          assert.equal(key, 'q')
          assert.ok(timeoutMs <= 300_000)
          return { action: 'accept', content: {} }
        },
      })
      await second.table.recover()
      const outcome = await second.table.live(run.id)?.outcome
      assert.deepEqual(outcome, { status: 'completed', output: { said: 'accept' } })
      await second.table.close()
    })
  })

  for (const provider of ['memory', 'sqlite'] as const) {
    it(`6.12 (otherwise there): keeps ended runs as long as it is told, and unfinished ones longer (${provider})`, async () => {
      let time = systemNow()
      const now = (): number => time
      const keys = { path: ':memory:', keyPrefix: '' }
      const settings = provider === 'memory' ? { provider } : { provider, ...keys }
      const stores = await openStorage(settings, { now })
      const limits = { keepMs: 60_000, maxRuns: 10, maxRunBytes: 10_000 }
      const { table } = await openTestTable(stores, { ask: never }, { limits, now })
      const plan = planOf([{ id: 'q', ask: 'Sure?' }])
      const { id: parked } = await table.start({ plan, args: {}, caller: {} })
      const ended = await table.start({ plan: chain, args: {}, caller: {} })
      await ended.outcome
      time += 59_000
      assert.equal((await table.get(ended.id))?.status, 'completed')
      time += 2000
      assert.deepEqual(
        (await table.list()).map(({ id }) => id),
        [parked],
      )
      assert.equal(await table.get(ended.id), undefined)
      assert.equal(await table.outcome(ended.id), undefined)
      assert.equal((await table.get(parked))?.status, 'waiting')
      await table.close()
      await stores.close()
    })
  }

  it('forgets the oldest ended runs beyond the limit, and starts no more than that at once', async () => {
    await withStores(async (stores) => {
      const limits = { keepMs: 60_000, maxRuns: 2, maxRunBytes: 1000 }
      const { table } = await openTestTable(stores, {}, { limits })
      const ids: string[] = []
      for (let n = 0; n < 3; n++) {
        const run = await table.start({ plan: chain, args: {}, caller: {} })
        ids.push(run.id)
        await run.outcome
      }
      assert.equal((await table.list()).length, 2)
      assert.equal(await table.outcome(ids[0]!), undefined)
      const stuck = {
        call: ({ cancellation }: StepCall) =>
          new Promise<JsonObject>((_, reject) =>
            cancellation.onCancel((why) => reject(new Error(why))),
          ),
      }
      const full = await openTestTable(stores, stuck, { limits })
      for (let n = 0; n < 2; n++) await full.table.start({ plan: chain, args: {}, caller: {} })
      const third = full.table.start({ plan: chain, args: {}, caller: {} })
      await assert.rejects(third, { code: 'WORKFLOW_TOO_MANY_RUNS' })
      await full.table.close()
      await table.close()
    })
  })

  it('forgets the oldest ended runs when their journals take too much', async () => {
    await withStores(async (stores) => {
      const limits = { keepMs: 60_000, maxRuns: 100, maxRunBytes: 10_000, maxKeptBytes: 20_000 }
      const call = async () => fine({ x: 'y'.repeat(3000) })
      const { table } = await openTestTable(stores, { call }, { limits })
      for (let n = 0; n < 6; n++) {
        await (
          await table.start({ plan: chain, args: {}, caller: {} })
        ).outcome
      }
      const kept = await table.list()
      assert.ok(kept.length >= 1 && kept.length < 4, `${kept.length} kept`)
      assert.ok(kept.every(({ journalBytes = 0 }) => journalBytes > 3000))
      await table.close()
    })
  })

  it('puts the index right when it could not be written at the end of a run', async () => {
    await withStores(async (stores) => {
      let away = false
      const keyValue: Stores['keyValue'] = {
        ...stores.keyValue,
        set: (...given) =>
          away ? Promise.reject(new Error('away')) : stores.keyValue.set(...given),
      }
      const { table, errors } = await openTestTable({ ...stores, keyValue })
      const run = await table.start({ plan: chain, args: {}, caller: {} })
      away = true
      assert.equal((await run.outcome).status, 'completed')
      assert.equal(errors.length, 1)
      away = false
      assert.equal((await table.list())[0]?.status, 'running')
      assert.equal(await table.recover(), 0)
      assert.equal((await table.list())[0]?.status, 'completed')
      await table.close()
    })
  })

  it('leaves nothing of a run that could not begin', async () => {
    await withStores(async (stores) => {
      const appendLog: Stores['appendLog'] = {
        ...stores.appendLog,
        append: () => Promise.reject(new Error('away')),
      }
      const { table } = await openTestTable({ ...stores, appendLog })
      await assert.rejects(table.start({ plan: chain, args: {}, caller: {} }), /away/)
      assert.deepEqual(await table.list(), [])
      await table.close()
    })
  })

  it('leaves large outputs out of the journal, and says so when the result is wanted later', async () => {
    await withStores(async (stores) => {
      const limits = { keepMs: 60_000, maxRuns: 10, maxRunBytes: 2000 }
      const { table } = await openTestTable(
        stores,
        { call: async () => fine({ x: 'y'.repeat(5000) }) },
        { limits },
      )
      const run = await table.start({ plan: chain, args: {}, caller: {} })
      assert.equal((await run.outcome).status, 'completed')
      const kept = await table.outcome(run.id)
      assert.equal(kept?.status, 'failed')
      assert.match(
        (kept as { failure: { message: string } }).failure.message,
        /too large to be kept/,
      )
      assert.ok((await table.get(run.id))!.steps[0]!.outputBytes > 5000)
      await table.close()
    })
  })

  it('tells what happens, to those who want to know', async () => {
    await withStores(async (stores) => {
      const { table } = await openTestTable(stores)
      const events: RunEvent[] = []
      const leave = table.subscribe((event) => events.push(event))
      await (
        await table.start({ plan: chain, args: {}, caller: {} })
      ).outcome
      leave()
      await (
        await table.start({ plan: chain, args: {}, caller: {} })
      ).outcome
      assert.equal(events.filter(({ kind }) => kind === 'run-finished').length, 1)
      await table.close()
    })
  })

  it('ends a run that cannot be read any more instead of trying for ever', async () => {
    await withStores(async (stores) => {
      let reached = false
      const first = await openTestTable(stores, {
        call: () => {
          reached = true
          return never()
        },
      })
      const run = await first.table.start({ plan: chain, args: {}, caller: {} })
      await until(() => reached)
      const open = (text: string, place: string): string => {
        if (place.includes('journal')) throw new Error('sealed with another key')
        return text
      }
      const second = await openTestTable(
        stores,
        {},
        {
          isGone: () => true,
          sealing: { seal: (text) => text, open },
        },
      )
      assert.equal(await second.table.recover(), 0)
      const [summary] = await second.table.list()
      assert.equal(summary?.id, run.id)
      assert.match(summary?.error ?? '', /cannot be continued: sealed with another key/)
      assert.equal(second.errors.length, 1)
      await second.table.close()
    })
  })
})

/** Until the journal says that the call of a step was begun: nothing is being written any more. */
async function untilBegun(table: RunTable, id: string, step: number): Promise<void> {
  for (let tries = 0; tries < 2000; tries++) {
    if ((await table.get(id))?.steps[step]?.status === 'running') return
    await sleep(2)
  }
  assert.fail('it never began')
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 2000; tries++) {
    if (await holds()) return
    await sleep(2)
  }
  assert.fail('it never came')
}
