import { Cancellation } from '../../src/base/cancellation.ts'
import { systemNow } from '../../src/base/clock.ts'
import type { JsonObject } from '../../src/base/json.ts'
import type { StorageSettings } from '../../src/storage/open-storage.ts'
import { noJournal } from '../../src/workflow/journal.ts'
import type { StepCall } from '../../src/workflow/ports.ts'
import { runWorkflow } from '../../src/workflow/run-workflow.ts'
import { cpuOf } from '../measure/own-cpu.ts'
import { callerPorts, noAnswer, openTable } from './open-table.ts'
import { CHAIN_LENGTH, chainPlan } from './plans.ts'

const RUNS = 50
/** Rounds until the code is compiled. */
const WARM = 3
const ARGS = { n: 1 }

/** Milliseconds of CPU a step costs beside its call, in a chain whose calls answer at once. */
export async function stepCost(
  settings: StorageSettings | 'no journal',
  rounds: number,
): Promise<number[]> {
  const plan = chainPlan()
  if (settings === 'no journal') {
    const rest = { event: () => {}, journal: noJournal, now: systemNow, random: Math.random }
    const ports = { ...callerPorts({ call, ask: noAnswer }), ...rest, sleep: async () => {} }
    return measure(rounds, () =>
      runWorkflow({ plan, run: 'bench', args: ARGS, ports, cancellation: new Cancellation() }),
    )
  }
  const { table, close } = await openTable(settings, { call, ask: noAnswer })
  const times = await measure(rounds, async () => {
    const run = await table.start({ plan, args: ARGS, caller: {} })
    return run.outcome
  })
  await close()
  return times
}

async function measure(
  rounds: number,
  run: () => Promise<{ readonly status: string }>,
): Promise<number[]> {
  const times: number[] = []
  for (let round = 0; round < WARM + rounds; round += 1) {
    const cpuMs = await cpuOf(async () => {
      for (let runs = 0; runs < RUNS; runs += 1) {
        const { status } = await run()
        if (status !== 'completed') throw new Error(`a chain ended as ${status}`)
      }
    })
    times.push(cpuMs / RUNS / CHAIN_LENGTH)
  }
  return times.slice(WARM)
}

async function call({ arguments: args }: StepCall): Promise<JsonObject> {
  return { content: [{ type: 'text', text: JSON.stringify(args) }], structuredContent: args }
}
