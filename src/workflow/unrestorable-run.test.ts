import assert from 'node:assert/strict'
import { it } from 'node:test'
import { systemNow } from '../base/clock.ts'
import { openStorage } from '../storage/open-storage.ts'
import { openTestTable } from './testing/open-test-table.ts'
import { planOf } from './testing/plan-of.ts'

it('ends a run of an earlier process that cannot be restored as failed, and says why', async () => {
  const stores = await openStorage({ provider: 'memory' }, { now: systemNow })
  const asked = Promise.withResolvers<void>()
  const plan = planOf([{ id: 'q', ask: 'Sure?' }])
  const first = await openTestTable(stores, {
    ask() {
      asked.resolve()
      return new Promise(() => {})
    },
  })
  const { id } = await first.table.start({ plan, args: {}, caller: {} })
  await asked.promise
  const broken = {
    ...plan,
    get maxParallel(): number {
      throw new RangeError('Maximum call stack size exceeded')
    },
  }
  const some = { isGone: () => true, compile: () => broken }
  const second = await openTestTable(stores, {}, some)
  await second.table.recover()
  await second.table.idle()
  const [summary] = await second.table.list()
  assert.equal(summary?.status, 'failed')
  assert.match(summary.error ?? '', /Maximum call stack size exceeded/)
  assert.equal((await second.table.get(id))?.status, 'failed')
  assert.equal(await second.table.recover(), 0)
  await second.table.close()
  await first.table.close()
  await stores.close()
})
