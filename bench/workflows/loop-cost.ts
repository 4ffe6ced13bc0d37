import { Pool } from 'undici'
import type { JsonObject } from '../../src/base/json.ts'
import type { StorageSettings } from '../../src/storage/open-storage.ts'
import { cpuOf } from '../measure/own-cpu.ts'
import { callTool } from './call-tool.ts'
import { noAnswer, openTable } from './open-table.ts'
import { LOOP_ITEMS, LOOP_PARALLEL, loopPlan } from './plans.ts'

/** Rounds until the code is compiled. */
const WARM = 8

/** Milliseconds of CPU of a thousand calls, fifty at once, round by round: by a bare loop, and by a loop of a run. */
export async function loopCost(
  port: number,
  settings: StorageSettings,
  rounds: number,
): Promise<{ bare: number[]; loop: number[] }> {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: LOOP_PARALLEL })
  const call = (args: JsonObject): Promise<JsonObject> => callTool(pool, 'small', args)
  const ports = {
    call: ({ arguments: args }: { arguments: JsonObject }) => call(args),
    ask: noAnswer,
  }
  const { table, close } = await openTable(settings, ports)
  const list = Array.from({ length: LOOP_ITEMS }, (_, n) => ({ n }))
  const plan = loopPlan()
  const found = { bare: [] as number[], loop: [] as number[] }
  for (let round = 0; round < WARM + rounds; round += 1) {
    found.bare.push(await cpuOf(() => bareLoop(list, call)))
    found.loop.push(
      await cpuOf(async () => {
        const run = await table.start({ plan, args: { list }, caller: {} })
        const { status } = await run.outcome
        if (status !== 'completed') throw new Error(`a loop ended as ${status}`)
      }),
    )
  }
  await close()
  await pool.close()
  return { bare: found.bare.slice(WARM), loop: found.loop.slice(WARM) }
}

/** What somebody would write by hand: workers over a list, results kept. */
async function bareLoop(
  list: readonly JsonObject[],
  call: (args: JsonObject) => Promise<JsonObject>,
): Promise<void> {
  const results: JsonObject[] = []
  let next = 0
  const work = async (): Promise<void> => {
    while (next < list.length) {
      const at = next
      next += 1
      results[at] = await call(list[at]!)
    }
  }
  await Promise.all(Array.from({ length: LOOP_PARALLEL }, work))
}
