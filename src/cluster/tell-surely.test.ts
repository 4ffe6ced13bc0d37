import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonObject } from '../base/json.ts'
import { silentLogger } from '../telemetry/logger.ts'
import { clusterErrors } from './errors.ts'
import { createTellSurely } from './tell-surely.ts'

const REPLICA = { id: 'r1', url: 'http://r1' }
const NO_ANSWER = { sent: true, refused: false, denied: false }
const NO_CONNECTION = { ...NO_ANSWER, sent: false }
const REFUSED = { ...NO_CONNECTION, refused: true }

type Outcome = typeof NO_ANSWER | JsonObject

/** Each try has the next outcome; the last one stays. */
function setUp(outcomes: Outcome[], patienceMs = 1_000, keepTryingMs = 1_000) {
  let tries = 0
  const surely = createTellSurely<string>({
    find: async (id) => (id === 'r1' ? REPLICA : undefined),
    async tell() {
      tries++
      const outcome = outcomes.length > 1 ? outcomes.shift()! : outcomes[0]!
      if (!('sent' in outcome)) return outcome
      const details = outcome as typeof NO_ANSWER
      throw clusterErrors.LINK({ replica: 'r1', reason: 'test', ...details })
    },
    times: { patienceMs, keepTryingMs, againMs: 1 },
    log: silentLogger,
  })
  return { surely, tries: () => tries }
}

describe('a message for one replica', () => {
  it('is tried again while the replica stands still, until it has it', async () => {
    const { surely, tries } = setUp([NO_CONNECTION, NO_ANSWER, { delivered: true }])
    assert.equal(await surely.tell('r1', 'answer', true), 'taken')
    assert.equal(tries(), 3)
  })

  it('is not tried again if it may have arrived and must not come twice', async () => {
    const { surely, tries } = setUp([NO_CONNECTION, NO_ANSWER, { delivered: true }])
    assert.equal(await surely.tell('r1', 'question', false), 'silent')
    assert.equal(tries(), 2)
  })

  it('ends where nobody waits for it, and with the replica', async () => {
    assert.equal(await setUp([{ delivered: false }]).surely.tell('r1', 'late', true), 'unwanted')
    assert.equal(await setUp([NO_ANSWER, REFUSED]).surely.tell('r1', 'late', true), 'gone')
    assert.equal(await setUp([NO_ANSWER]).surely.tell('r2', 'late', true), 'gone')
  })

  it('arrives later than its sender waits', async () => {
    const outcomes: Outcome[] = [NO_ANSWER]
    const { surely, tries } = setUp(outcomes, 20)
    assert.equal(await surely.tell('r1', 'answer', true), 'silent')
    outcomes[0] = { delivered: true }
    const before = tries()
    await new Promise((resolve) => setTimeout(resolve, 30))
    const after = tries()
    assert.ok(after > before, 'tried again')
    await new Promise((resolve) => setTimeout(resolve, 30))
    assert.equal(tries(), after, 'once it has arrived no more')
  })

  it('is not tried for ever, nor after the end', async () => {
    const short = setUp([NO_ANSWER], 1_000, 5)
    assert.equal(await short.surely.tell('r1', 'answer', true), 'silent')
    const ended = setUp([NO_ANSWER])
    ended.surely.close()
    assert.equal(await ended.surely.tell('r1', 'answer', true), 'silent')
    assert.equal(ended.tries(), 1)
  })
})
