/**
 * `npm run chaos-runs`: a gateway killed with SIGKILL at every step boundary of a chain of twenty steps, one after the other, of a
 * diamond, and at random moments of a loop. Each effect must have happened exactly once, or be reported as unknown.
 *
 * `CHAOS_FROM=src`: from the source instead of a fresh bundle. `CHAOS_SEED=7`: other random moments.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { CARES, LOOP_ITEMS, placesOf, type Shape } from './runs/composites.ts'
import { openGround, type Ground } from './runs/ground.ts'
import {
  afterCalls,
  killAndJudge,
  whenAnswered,
  whenArrived,
  type Moment,
  type Victim,
} from './runs/kill.ts'
import { randomFrom } from './runs/random-from.ts'
import { programPath } from './support/replica.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const SEED = Number(process.env['CHAOS_SEED'] ?? '1')
const LOOP_KILLS = 10
/** How long after an answer, in milliseconds: by turns, so that the gateway is met at different points. */
const DELAYS_MS = [0, 1, 3, 10]

describe(`kills at every step boundary, seed ${SEED}`, () => {
  before(() => {
    if (process.env['CHAOS_FROM'] === 'src') return
    const stdio = ['ignore', 'ignore', 'inherit'] as const
    execFileSync(process.execPath, ['scripts/build.ts'], { cwd: ROOT, stdio: [...stdio] })
  })

  for (const shape of ['chain', 'diamond'] as const) {
    it(`${shape}: before the answer`, () =>
      on(shape, (ground) =>
        boundaries(ground, shape, 'asked', (keys) => ({
          moment: whenArrived(keys),
          // Branches beside the one that waits were answered just now.
          late: () => shape !== 'chain',
        })),
      ))

    it(`${shape}: after the answer`, () =>
      on(shape, (ground) =>
        boundaries(ground, shape, 'told', (keys, at) => ({
          moment: whenAnswered(keys, DELAYS_MS[at % DELAYS_MS.length]!),
          late: () => true,
        })),
      ))
  }

  it(`loop: at ${LOOP_KILLS} random moments`, () =>
    on('loop', async (ground) => {
      const random = randomFrom(SEED)
      const complaints: string[] = []
      for (let kill = 0; kill < LOOP_KILLS; kill++) {
        const victims = pair(`kill${kill}`)
        const calls = 1 + Math.floor(random() * 2 * LOOP_ITEMS)
        const moment = afterCalls(calls, random)
        const given = { shape: 'loop', victims, moment, late: () => true } as const
        complaints.push(...(await killAndJudge(ground, given)))
      }
      return complaints
    }))
})

async function on(shape: Shape, work: (ground: Ground) => Promise<string[]>): Promise<void> {
  const command = [process.execPath, programPath(), 'vmcp', 'serve']
  await using ground = await openGround(shape, command)
  assert.deepEqual(await work(ground), [])
}

/** One kill at each place; all complaints. */
async function boundaries(
  ground: Ground,
  shape: Shape,
  name: string,
  at: (
    keys: readonly string[],
    place: number,
  ) => { moment: Moment; late?: (key: string) => boolean },
): Promise<string[]> {
  const complaints: string[] = []
  for (const [index, place] of placesOf(shape).entries()) {
    const victims = pair(`${name}-${place}`)
    const keys = victims.map(({ run }) => `${run}/${place}`)
    complaints.push(...(await killAndJudge(ground, { shape, victims, ...at(keys, index) })))
  }
  return complaints
}

/** One run whose calls must not be made twice, and one whose calls may. */
function pair(name: string): Victim[] {
  return CARES.map((care) => ({ run: `${name}-${care}`, care }))
}
