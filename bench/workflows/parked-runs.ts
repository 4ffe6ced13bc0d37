import { setTimeout as sleep } from 'node:timers/promises'
import { settledHeap } from '../measure/settled-heap.ts'
import { noAnswer, openTable } from './open-table.ts'
import { askingPlan } from './plans.ts'

export const PARKED = 1000

/** MB of heap that a thousand runs take which wait for an answer. */
export async function parkedMegabytes(): Promise<number> {
  const plan = askingPlan()
  const call = async () => ({ content: [] })
  const settings = { provider: 'sqlite', path: ':memory:', keyPrefix: '' } as const
  const { table, close } = await openTable(settings, { call, ask: noAnswer })
  const park = async (count: number): Promise<void> => {
    for (let runs = 0; runs < count; runs += 1) await table.start({ plan, args: {}, caller: {} })
    await sleep(200)
  }
  await park(20)
  const before = await settledHeap()
  await park(PARKED)
  const after = await settledHeap()
  await close()
  return (after - before) / 1e6
}
