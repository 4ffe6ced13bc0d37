import { median, short } from '../report/numbers.ts'
import { gatewayCost } from '../workflows/gateway-cost.ts'
import { loopCost } from '../workflows/loop-cost.ts'
import { BATCHES, MANY, manyRunsMegabytes } from '../workflows/many-runs.ts'
import { parkedMegabytes, PARKED } from '../workflows/parked-runs.ts'
import { LOOP_ITEMS, LOOP_PARALLEL } from '../workflows/plans.ts'
import { stepCost } from '../workflows/step-cost.ts'
import type { Section } from './section.ts'

const SQLITE = 'journal in a file of SQLite'

/** What composite tools cost: the engine by itself, and a whole gateway beside calls and loops made by hand. */
export const workflows: Section = {
  name: 'workflows',
  async run({ settings: { rounds }, fixtures, say }) {
    say('composite tools')
    const file = (name: string) =>
      ({ provider: 'sqlite', path: `${fixtures.folder}/${name}.db`, keyPrefix: '' }) as const
    const plain = median(await stepCost('no journal', rounds))
    const durable = median(await stepCost(file('chain'), rounds))
    const { bare, loop } = await loopCost(fixtures.ports.modern, file('loop'), rounds)
    const ratio = median(loop.map((ms, round) => ms / bare[round]!))
    const gateway = await gatewayCost(fixtures, 2 * rounds)
    // CPU of other processes comes in steps of 10 ms, which sums even out.
    const gatewayRatio = sumOf(gateway.loop) / sumOf(gateway.bare)
    const stepBesideCall = median(gateway.step.map((ms, round) => ms - gateway.call[round]!))
    const many = await manyRunsMegabytes()
    const parked = await parkedMegabytes()
    const loops = `forEach, ${LOOP_ITEMS} items, ${LOOP_PARALLEL} at once`
    return {
      tables: [
        {
          title: 'Composite tools: the engine',
          intro:
            'CPU of this process, medians of rounds. Chains of 20 steps whose calls answer at once; loops that call the fixture backend, beside a bare loop of undici.',
          columns: ['what', 'CPU ms'],
          rows: [
            ['a step, no journal', short(plain)],
            [`a step, ${SQLITE}`, short(durable)],
            [`bare loop of undici, ${LOOP_ITEMS} calls`, short(median(bare))],
            [`${loops}, ${SQLITE}`, short(median(loop))],
          ],
        },
        {
          title: 'Composite tools: a gateway in a process of its own',
          intro:
            'CPU of the gateway, with audit and metrics; of loops the mean: a client calls a tool of the backend, a chain of 20 such calls, a loop of 1000. The bare loop makes the calls of the loop itself, with no gateway between it and the backend, in the same rounds.',
          columns: ['what', 'CPU ms'],
          rows: [
            ['a call of a client', short(median(gateway.call))],
            [`a step of a chain with its call, ${SQLITE}`, short(median(gateway.step))],
            [
              `bare loop of undici, ${LOOP_ITEMS} calls`,
              short(sumOf(gateway.bare) / gateway.bare.length),
            ],
            [`${loops}, ${SQLITE}`, short(sumOf(gateway.loop) / gateway.loop.length)],
          ],
        },
        {
          title: 'Composite tools: memory',
          intro: 'Heap of this process after collecting garbage; ended runs are kept in SQLite.',
          columns: ['what', 'MB'],
          rows: [
            [`${MANY} chains in the middle of their way`, short(many.underWay)],
            [`left after ${BATCHES * MANY} more runs, ${MANY} at once`, short(many.left)],
            [`${PARKED} runs that wait for an answer`, short(parked)],
          ],
        },
      ],
      verdicts: [
        {
          what: 'CPU of a step beside its call, no journal',
          wanted: 0.2,
          unit: 'ms',
          measured: plain,
        },
        {
          what: `CPU of a step beside its call, ${SQLITE}`,
          wanted: 0.5,
          unit: 'ms',
          measured: durable,
        },
        { what: `CPU of ${loops}, against a bare loop`, wanted: 1.5, unit: '×', measured: ratio },
        {
          what: `CPU of a gateway: a step beside a call of a client, ${SQLITE}`,
          wanted: 0.5,
          unit: 'ms',
          measured: stepBesideCall,
        },
        {
          what: `CPU of a gateway: ${loops}, against a bare loop`,
          wanted: 1.5,
          unit: '×',
          measured: gatewayRatio,
        },
        {
          what: `heap left by ${BATCHES * MANY} runs, ${MANY} at once`,
          wanted: 2,
          unit: 'MB',
          measured: many.left,
        },
        {
          what: `heap of ${PARKED} runs that wait for an answer`,
          wanted: 50,
          unit: 'MB',
          measured: parked,
        },
      ],
      problems: [],
    }
  },
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
