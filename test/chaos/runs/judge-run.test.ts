import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { placesOf } from './composites.ts'
import { complaintsAbout, type Killed, type RunSeen } from './judge-run.ts'

const PLACES = placesOf('chain')

/** A chain of which so many steps are told as completed; `once`, killed before the answer to the next. */
function killed(done: number, seen: Partial<RunSeen>, more: Partial<Killed> = {}): Killed {
  const place = PLACES[done] ?? ''
  const steps = PLACES.map((step, at) => ({ step, status: at < done ? 'completed' : 'failed' }))
  return {
    shape: 'chain',
    care: 'once',
    counts: new Map(PLACES.slice(0, done + 1).map((one) => [one, 1])),
    unanswered: new Set([place]),
    late: new Set(),
    seen: { id: 'r', status: 'outcome_unknown', failure: unknown(place), steps, ...seen },
    ...more,
  }
}

function unknown(step: string) {
  return { step, unknown: [{ step }] }
}

const told = (one: Killed) => complaintsAbout(one).map((text) => text.replace('chain_once r: ', ''))

describe('the judge of killed runs', () => {
  it('has nothing against what is exactly once, or unknown', () => {
    assert.deepEqual(told(killed(7, {})), [])
    const whole = { status: 'completed', output: { seen: 20 } }
    assert.deepEqual(told(killed(20, whole, { unanswered: new Set() })), [])
  })

  it('sees what happened twice, was left out, or lost its result', () => {
    const counts = new Map(killed(7, {}).counts).set('s3', 2)
    assert.deepEqual(told(killed(7, {}, { counts })), ['s3 happened 2 times'])
    const whole = { status: 'completed', output: { seen: 19 } }
    assert.deepEqual(told(killed(18, whole, { unanswered: new Set() })), [
      'completed without s20',
      'lost results of steps: {"seen":19}',
    ])
  })

  it('sees a wrong name, an unknown that is known, and one that is kept secret', () => {
    assert.deepEqual(told(killed(7, { failure: unknown('s5') })), [
      'does not know s5, which was answered long ago',
      'does not tell that s8 is unknown',
      'tells that s5 is completed',
      'tells that s8 is failed',
    ])
    assert.match(told(killed(7, { status: 'failed' })).join(), /^is failed/)
    assert.match(told(killed(7, { status: 'completed' })).join(), /^completed, with s8 unanswered/)
  })

  it('lets calls that may be made again happen twice where they were interrupted, and only there', () => {
    const counts = new Map(PLACES.map((place) => [place, place === 's8' ? 2 : 1]))
    const seen = { status: 'completed', output: { seen: 20 } }
    assert.deepEqual(complaintsAbout(killed(7, seen, { care: 'again', counts })), [])
    const more = { care: 'again', counts: new Map(counts).set('s2', 2) } as const
    assert.deepEqual(complaintsAbout(killed(7, seen, more)), ['chain_again r: s2 happened 2 times'])
    const ended = { ...killed(7, {}), care: 'again' } as const
    assert.match(complaintsAbout(ended).join(), /is outcome_unknown/)
  })
})
