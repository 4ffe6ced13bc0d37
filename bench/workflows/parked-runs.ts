import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { setTimeout as sleep } from 'node:timers/promises'
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

async function settledHeap(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  for (let times = 0; times < 3; times += 1) {
    gc()
    await sleep(50)
  }
  return process.memoryUsage().heapUsed
}
