import type { JsonObject } from '../../src/base/json.ts'
import type { StepCall } from '../../src/workflow/ports.ts'
import { settledHeap } from '../measure/settled-heap.ts'
import { noAnswer, openTable } from './open-table.ts'
import { CHAIN_LENGTH, chainPlan } from './plans.ts'

/** Runs that are under way at once. */
export const MANY = 100
/** Until what is kept of ended runs has its full size, which is bounded; and how long it is watched then. */
const WARM_BATCHES = 12
export const BATCHES = 10
const KEPT_RUNS = 1000

/** MB of heap: what a hundred chains take in the middle of their way, and what is left after so many hundreds more. */
export async function manyRunsMegabytes(): Promise<{ underWay: number; left: number }> {
  const plan = chainPlan()
  const gate: { closed?: Promise<void> } = {}
  let waiting = 0
  const call = async ({ step, arguments: args }: StepCall): Promise<JsonObject> => {
    if (gate.closed !== undefined && step === `s${CHAIN_LENGTH / 2}`) {
      waiting += 1
      await gate.closed
    }
    return { content: [{ type: 'text', text: JSON.stringify(args) }], structuredContent: args }
  }
  const settings = { provider: 'sqlite', path: ':memory:', keyPrefix: '' } as const
  const { table, close } = await openTable(settings, { call, ask: noAnswer }, KEPT_RUNS)
  const start = () =>
    Promise.all(
      Array.from({ length: MANY }, () => table.start({ plan, args: { n: 1 }, caller: {} })),
    )
  const batch = async (): Promise<void> => {
    for (const { outcome } of await start()) {
      const { status } = await outcome
      if (status !== 'completed') throw new Error(`a chain ended as ${status}`)
    }
  }
  for (let warm = 0; warm < WARM_BATCHES; warm += 1) await batch()
  const before = await settledHeap()
  for (let more = 0; more < BATCHES; more += 1) await batch()
  const after = await settledHeap()

  const open = Promise.withResolvers<void>()
  gate.closed = open.promise
  const runs = await start()
  while (waiting < MANY) await new Promise((resolve) => setTimeout(resolve, 10))
  const held = await settledHeap()
  open.resolve()
  await Promise.all(runs.map(({ outcome }) => outcome))
  await close()
  return { underWay: (held - after) / 1e6, left: (after - before) / 1e6 }
}
