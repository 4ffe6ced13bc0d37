import { setTimeout as sleep } from 'node:timers/promises'
import { openModern } from '../../support/raw-mcp.ts'
import { until } from '../../support/until.ts'
import { nameOf, type Care, type Shape } from './composites.ts'
import { answerAtOnce, type Effect } from './effects.ts'
import type { Ground } from './ground.ts'
import { complaintsAbout } from './judge-run.ts'

/** How long until the moment has come, on a busy machine. */
const PATIENCE_MS = 60_000

/** A run that is under way when its gateway is killed. */
export interface Victim {
  /** Its name: no other run of the ground has it. */
  readonly run: string
  readonly care: Care
}

/** Decides what happens to calls, and when the gateway is killed. Those it does not answer stay unanswered. */
export type Moment = (effect: Effect, kill: () => void) => void

/**
 * Starts the runs, kills their gateway when the moment has come, and lets the next one bring them to their ends. What was wrong
 * with that. `late`: the answers that the gateway may have died upon; default: none.
 */
export async function killAndJudge(
  ground: Ground,
  given: {
    readonly shape: Shape
    readonly victims: readonly Victim[]
    readonly moment: Moment
    readonly late?: (key: string) => boolean
  },
): Promise<string[]> {
  const { shape, victims, moment, late = () => false } = given
  const { effects } = ground
  const { url } = await ground.gateway()
  const arrived: string[] = []
  const answered = new Set<string>()
  let killed = false
  const kill = (): void => {
    killed = true
    ground.kill()
  }
  effects.onCall = ({ key, answer }) => {
    arrived.push(key)
    if (killed) return
    moment({ key, answer: () => (answered.add(key), answer()) }, kill)
  }
  for (const { run, care } of victims) {
    const params = { name: nameOf(shape, care), arguments: { run } }
    // Nobody hears the end: the connection dies with the gateway.
    openModern(url, 'tools/call', params).catch(() => {})
  }
  await until('the moment to kill', () => killed || undefined, PATIENCE_MS)
  await ground.gone()
  effects.onCall = answerAtOnce
  const ends = await ground.ended(victims.map(({ run }) => run))
  return victims.flatMap(({ run, care }, at) =>
    complaintsAbout({
      shape,
      care,
      counts: new Map([...effects.counts].flatMap(([key, count]) => of(run, key, count))),
      unanswered: new Set(
        arrived.filter((key) => !answered.has(key)).flatMap((key) => placeIn(run, key)),
      ),
      late: new Set([...answered].filter(late).flatMap((key) => placeIn(run, key))),
      seen: ends[at]!,
    }),
  )
}

/** When all these calls have arrived, before any of them is answered. */
export function whenArrived(keys: readonly string[]): Moment {
  return holding(keys, (_, kill) => kill())
}

/** So many milliseconds after all these calls were answered in one go. */
export function whenAnswered(keys: readonly string[], delayMs: number): Moment {
  return holding(keys, (held, kill) => {
    const sent = Promise.all(held.map(({ answer }) => answer()))
    void sent.then(() => (delayMs > 0 ? sleep(delayMs) : undefined)).then(kill)
  })
}

/** Some milliseconds after so many calls, each of which takes a random while. */
export function afterCalls(count: number, random: () => number): Moment {
  let calls = 0
  return ({ answer }, kill) => {
    calls += 1
    setTimeout(() => void answer(), random() * 8)
    if (calls === count) setTimeout(kill, random() * 8)
  }
}

function holding(
  keys: readonly string[],
  then: (held: readonly Effect[], kill: () => void) => void,
): Moment {
  const waited = new Set(keys)
  const held: Effect[] = []
  return (effect, kill) => {
    if (!waited.has(effect.key)) return answerAtOnce(effect)
    held.push(effect)
    if (held.length === waited.size) then(held, kill)
  }
}

function of(run: string, key: string, count: number): [string, number][] {
  return placeIn(run, key).map((place) => [place, count])
}

function placeIn(run: string, key: string): string[] {
  return key.startsWith(`${run}/`) ? [key.slice(run.length + 1)] : []
}
