import type { JsonObject } from '../../src/base/json.ts'
import type { StorageSettings } from '../../src/storage/open-storage.ts'
import { cpuOf } from '../measure/own-cpu.ts'
import { bareLoop } from './bare-loop.ts'
import { noAnswer, openTable } from './open-table.ts'
import { loopPlan } from './plans.ts'

/** Rounds of a thousand calls until the code of both is compiled: as many calls as every contestant makes before it counts. */
const WARM = 40
/** One is over in a tenth of a second, so that chance has a part in it. */
const TIMES = 4

/** Milliseconds of CPU of a thousand calls, fifty at once, round by round: by a bare loop, and by a loop of a run. */
export async function loopCost(
  port: number,
  settings: StorageSettings,
  rounds: number,
): Promise<{ bare: number[]; loop: number[] }> {
  const bare = bareLoop(port)
  const ports = {
    call: ({ arguments: args }: { arguments: JsonObject }) => bare.call(args),
    ask: noAnswer,
  }
  const { table, close } = await openTable(settings, ports)
  const args = { list: [...bare.items] }
  const plan = loopPlan()
  const found = { bare: [] as number[], loop: [] as number[] }
  for (let round = 0; round < WARM + TIMES * rounds; round += 1) {
    found.bare.push(await cpuOf(bare.run))
    found.loop.push(
      await cpuOf(async () => {
        const run = await table.start({ plan, args, caller: {} })
        const { status } = await run.outcome
        if (status !== 'completed') throw new Error(`a loop ended as ${status}`)
      }),
    )
  }
  await close()
  await bare.close()
  return { bare: found.bare.slice(WARM), loop: found.loop.slice(WARM) }
}
