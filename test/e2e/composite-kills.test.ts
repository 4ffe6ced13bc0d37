import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CARES, CHAIN_STEPS, type Shape } from '../chaos/runs/composites.ts'
import { openGround, type Ground } from '../chaos/runs/ground.ts'
import { afterCalls, killAndJudge, whenAnswered, whenArrived } from '../chaos/runs/kill.ts'
import { randomFrom } from '../chaos/runs/random-from.ts'

const BOUNDARIES = Array.from({ length: CHAIN_STEPS }, (_, at) => `s${at + 1}`)

/** All boundaries in a kill each; `npm run chaos-runs` kills at one boundary after the other. */
describe('a gateway killed in the middle of runs', () => {
  /** Forty runs, two at every step. */
  const chains = (name: string) =>
    BOUNDARIES.flatMap((place) =>
      CARES.map((care) => ({ run: `${name}-${place}-${care}`, care, place })),
    )
  const pair = (name: string) => CARES.map((care) => ({ run: `${name}-${care}`, care }))
  async function on(shape: Shape, work: (ground: Ground) => Promise<string[]>): Promise<void> {
    await using ground = await openGround(shape)
    assert.deepEqual(await work(ground), [])
  }

  it('before the answers of each of twenty steps and after them, has made no call twice', () =>
    on('chain', async (ground) => {
      const asked = chains('asked')
      const arrived = asked.map(({ run, place }) => `${run}/${place}`)
      const first = { shape: 'chain', victims: asked, moment: whenArrived(arrived) } as const
      const complaints = await killAndJudge(ground, first)
      const told = chains('told')
      const keys = told.map(({ run, place }) => `${run}/${place}`)
      const second = { shape: 'chain', victims: told, moment: whenAnswered(keys, 0) } as const
      return [...complaints, ...(await killAndJudge(ground, { ...second, late: () => true }))]
    }))

  it('while four branches wait at once, tells of all of them', () =>
    on('diamond', async (ground) => {
      const victims = pair('branches')
      const keys = victims.flatMap(({ run }) => ['a', 'b2', 'c', 'd2'].map((at) => `${run}/${at}`))
      return killAndJudge(ground, { shape: 'diamond', victims, moment: whenArrived(keys) })
    }))

  it('in the middle of loops, at any moment, has made no call twice', () =>
    on('loop', async (ground) => {
      const random = randomFrom(7)
      const complaints: string[] = []
      for (const calls of [9, 60]) {
        const victims = pair(`loop-${calls}`)
        const moment = afterCalls(calls, random)
        const given = { shape: 'loop', victims, moment, late: () => true } as const
        complaints.push(...(await killAndJudge(ground, given)))
      }
      return complaints
    }))
})
