import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemNow } from '../base/clock.ts'
import type { JsonObject } from '../base/json.ts'
import { storageErrors } from '../storage/errors.ts'
import { openStorage } from '../storage/open-storage.ts'
import type { Stores } from '../storage/stores.ts'
import type { StepCall } from './ports.ts'
import { fakePorts } from './testing/fake-ports.ts'
import { openTestTable } from './testing/open-test-table.ts'
import { planOf } from './testing/plan-of.ts'

const fine = (output: JsonObject = {}): JsonObject => ({ content: [], structuredContent: output })
const readThenPay = planOf([
  { id: 'read', tool: 'read' },
  { id: 'pay', tool: 'pay', after: ['read'], timeoutMs: 100 },
])

/** A store that can go away, and a world in which `read` waits until it is told to end. */
async function setUp(unwrittenMs = 5000) {
  const stores = await openStorage({ provider: 'memory' }, { now: systemNow })
  let isAway = false
  const away = storageErrors.REDIS_AWAY({ store: 'r:1', reason: 'not connected' })
  const through = <Args extends unknown[], Result>(work: (...args: Args) => Promise<Result>) =>
    async function (...args: Args): Promise<Result> {
      if (isAway) throw away
      return work(...args)
    }
  const { keyValue, appendLog } = stores
  const cut: Stores = {
    ...stores,
    keyValue: {
      ...keyValue,
      get: through(keyValue.get),
      set: through(keyValue.set),
      delete: through(keyValue.delete),
      async *scan(prefix) {
        if (isAway) throw away
        yield* keyValue.scan(prefix)
      },
    },
    appendLog: { ...appendLog, append: through(appendLog.append), read: through(appendLog.read) },
  }
  const calls: string[] = []
  const { promise: read, resolve: endRead } = Promise.withResolvers<JsonObject>()
  const ports = {
    tool: (name: string) => ({ readOnly: name === 'read', idempotent: false }),
    call: ({ step }: StepCall) => {
      calls.push(step)
      return step === 'read' ? read : Promise.resolve(fine({ step }))
    },
  }
  const table = (some: object = {}) =>
    openTestTable(cut, ports, { unwrittenMs, owner: 'self', ...some })
  return {
    calls,
    stores,
    table,
    endRead: () => endRead(fine()),
    setAway: (is: boolean) => (isAway = is),
  }
}

describe('a run while the store is away', () => {
  it('makes a call that must not be made twice when its start is written, however long that takes', async () => {
    const t = await setUp()
    const { table, errors } = await t.table()
    const run = await table.start({ plan: readThenPay, args: {}, caller: {} })
    await until(() => t.calls.length === 1)
    t.setAway(true)
    t.endRead()
    // Longer than the step may take: its time is for its work.
    await sleep(300)
    assert.deepEqual(t.calls, ['read'])
    assert.equal(errors.length, 1, 'the trouble is told once')
    t.setAway(false)
    assert.deepEqual(await run.outcome, { status: 'completed', output: { step: 'pay' } })
    assert.deepEqual(t.calls, ['read', 'pay'])
    assert.equal((await table.outcome(run.id))?.status, 'completed')
    await table.close()
  })

  it('obeys who cancels it: the call is not made', async () => {
    const { t, table, run } = await awayBeforePay()
    run.cancel('enough')
    await sleep(20)
    t.setAway(false)
    assert.equal((await run.outcome).status, 'cancelled')
    assert.deepEqual(t.calls, ['read'])
    assert.equal((await table.outcome(run.id))?.status, 'cancelled')
    await table.close()
  })

  it('is left to the next start with the call that was not made, not as one of unknown outcome', async () => {
    const { t, table, run } = await awayBeforePay()
    const closing = table.close(5000)
    await sleep(20)
    t.setAway(false)
    await closing
    await assert.rejects(run.outcome, { code: 'WORKFLOW_RUN_SUSPENDED' })
    const next = await t.table({ owner: 'next', isGone: () => true })
    await next.table.recover()
    await next.table.idle()
    assert.equal((await next.table.outcome(run.id))?.status, 'completed')
    assert.equal(t.calls.filter((step) => step === 'pay').length, 1)
    await next.table.close()
  })

  it('is not told as failed before that is written, and never goes on', async () => {
    const t = await setUp()
    const { table } = await t.table()
    const plan = planOf([
      { id: 'read', tool: 'read' },
      { id: 'bad', tool: 'read', after: ['read'], arguments: { n: '{{fromJson "no"}}' } },
    ])
    const run = await table.start({ plan, args: {}, caller: {} })
    await until(() => t.calls.length === 1)
    t.setAway(true)
    t.endRead()
    let isTold = false
    const told = run.outcome.then(() => (isTold = true))
    await sleep(50)
    assert.equal(isTold, false)
    t.setAway(false)
    await told
    assert.equal((await run.outcome).status, 'failed')
    assert.equal((await table.outcome(run.id))?.status, 'failed')
    assert.equal(table.live(run.id), undefined)
    await table.close()
  })

  it('is of unknown outcome for a caller who waited too long; it is closed when the store is back', async () => {
    const t = await setUp(30)
    const { table } = await t.table()
    const plan = planOf([
      { id: 'read', tool: 'read' },
      { id: 'bad', tool: 'read', after: ['read'], arguments: { n: '{{fromJson "no"}}' } },
    ])
    const run = await table.start({ plan, args: {}, caller: {} })
    await until(() => t.calls.length === 1)
    t.setAway(true)
    t.endRead()
    await assert.rejects(run.outcome, {
      code: 'WORKFLOW_RUN_OUTCOME_UNKNOWN',
      details: {
        run: run.id,
        reason:
          'it has ended here, but the store is away, and so it may go on if this gateway ends',
        ran: 'unknown',
      },
    })
    assert.ok(table.live(run.id), 'nobody may find it to go on with')
    t.setAway(false)
    assert.equal(await table.recover(), 0)
    await table.idle()
    assert.equal((await table.outcome(run.id))?.status, 'failed')
    assert.deepEqual(
      (await table.list()).map(({ id, status }) => [id, status]),
      [[run.id, 'failed']],
    )
    assert.equal(await table.recover(), 0)
    assert.deepEqual(t.calls, ['read'])
    await table.close()
  })

  it('is told as completed nevertheless: what it gave can be used', async () => {
    const t = await setUp(30)
    const { table } = await t.table()
    const plan = planOf([{ id: 'read', tool: 'read' }])
    const run = await table.start({ plan, args: {}, caller: {} })
    await until(() => t.calls.length === 1)
    t.setAway(true)
    t.endRead()
    assert.equal((await run.outcome).status, 'completed')
    t.setAway(false)
    await table.idle()
    assert.equal((await table.outcome(run.id))?.status, 'completed')
    await table.close()
  })

  it('does not hold up the end of the gateway; the next goes on with it', async () => {
    const t = await setUp()
    const { table } = await t.table()
    const plan = planOf([{ id: 'read', tool: 'read' }])
    const run = await table.start({ plan, args: {}, caller: {} })
    await until(() => t.calls.length === 1)
    t.setAway(true)
    t.endRead()
    await sleep(20)
    await table.close(20)
    await assert.rejects(run.outcome, { code: 'WORKFLOW_RUN_SUSPENDED' })
    t.setAway(false)
    const next = await t.table({ owner: 'next', isGone: () => true })
    assert.equal(await next.table.recover(), 1)
    await next.table.idle()
    assert.equal((await next.table.outcome(run.id))?.status, 'completed')
    await next.table.close()
  })

  it('tells nobody where the store is, in the failure of a step', async () => {
    const t = await setUp()
    const { table } = await t.table({
      portsOf: () =>
        fakePorts({
          call: () =>
            Promise.reject(storageErrors.REDIS_AWAY({ store: '10.1.2.3:6379', reason: 'gone' })),
        }),
    })
    const run = await table.start({ plan: readThenPay, args: {}, caller: {} })
    const told = JSON.stringify(await run.outcome)
    assert.match(told, /step \\"read\\" failed: The gateway cannot use its store now/)
    assert.doesNotMatch(told, /10\.1\.2\.3|6379/)
    await table.close()
  })

  it('does not begin later when its caller heard that it did not begin', async () => {
    const t = await setUp()
    const { appendLog } = t.stores
    // The store goes away as soon as the run is written down, before it says so.
    const lossy = {
      ...appendLog,
      async append(...given: Parameters<typeof appendLog.append>) {
        await appendLog.append(...given)
        t.setAway(true)
        throw storageErrors.REDIS_AWAY({ store: 'r:1', reason: 'cut off' })
      },
    }
    const { table } = await t.table({ appendLog: lossy })
    await assert.rejects(table.start({ plan: readThenPay, args: {}, caller: {} }), {
      code: 'STORAGE_REDIS_AWAY',
    })
    t.setAway(false)
    assert.equal((await table.list()).length, 1)
    assert.equal(await table.recover(), 0)
    assert.deepEqual(await table.list(), [])
    assert.deepEqual(t.calls, [])
    await table.close()
  })
})

/** A run between its steps, at a moment when the store has gone away. */
async function awayBeforePay() {
  const t = await setUp()
  const { table } = await t.table()
  const run = await table.start({ plan: readThenPay, args: {}, caller: {} })
  await until(() => t.calls.length === 1)
  t.setAway(true)
  t.endRead()
  await sleep(20)
  return { t, table, run }
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 2000; tries++) {
    if (holds()) return
    await sleep(2)
  }
  assert.fail('it never came')
}
