import { median, short } from '../report/numbers.ts'
import { loopCost } from '../workflows/loop-cost.ts'
import { parkedMegabytes, PARKED } from '../workflows/parked-runs.ts'
import { LOOP_ITEMS, LOOP_PARALLEL } from '../workflows/plans.ts'
import { stepCost } from '../workflows/step-cost.ts'
import type { Section } from './section.ts'

const SQLITE = 'journal in a file of SQLite'

/** What the engine of composite tools costs by itself, without the gateway around it. */
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
