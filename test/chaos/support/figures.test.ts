import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Ending } from './call-until-answered.ts'
import { figuresOf, percentile, recoveriesOf, type CallRecord } from './figures.ts'
import { parseLedger } from './ledger.ts'
import { shareText, verdictOf } from './verdict.ts'

const ending = (kind: Ending['kind'], retries = 0): Ending => ({
  kind,
  text: '',
  lostState: false,
  retries,
  reasons: [],
})

const call = (over: Partial<CallRecord>): CallRecord => ({
  client: 'a',
  what: 'write',
  startedAt: 0,
  endedAt: 10,
  effect: undefined,
  ending: ending('normal'),
  ...over,
})

const seen = (records: readonly CallRecord[], ledger = '', untrue = 0) =>
  figuresOf({ records, faults: [], effects: parseLedger(ledger), untrue })

describe('figures of a scenario', () => {
  it('count how calls ended', () => {
    const kinds = ['normal', 'unknown', 'refused', 'unanswered', 'dead'] as const
    const figures = seen([
      call({ ending: ending('normal', 2) }),
      ...kinds.map((kind) => call({ ending: ending(kind) })),
    ])
    const { calls, normal, retried, unknown, refused, unanswered, deadSessions } = figures
    assert.deepEqual(
      [calls, normal, retried, unknown, refused, unanswered, deadSessions],
      [6, 2, 1, 1, 1, 1, 1],
    )
  })

  it('are those of an hour as well', () => {
    const many = Array.from({ length: 300_000 }, (_, index) => call({ endedAt: 10 + index }))
    const figures = figuresOf({
      records: many,
      faults: [{ what: 'kill', at: 100_000 }],
      effects: [],
      untrue: 0,
    })
    assert.equal(figures.slowestMs, 300_009)
    assert.equal(figures.recoveryWorstMs, 1)
  })

  it('find a side effect that happened twice', () => {
    assert.equal(seen([call({ effect: 'x' })], 'x 1 s\ny 1 s\nx 2 s\n').duplicates, 1)
  })

  it('find a result without its side effect, but not for a call of unknown outcome', () => {
    const lost = call({ effect: 'x' })
    const unknown = call({ effect: 'y', ending: ending('unknown') })
    assert.equal(seen([lost, unknown], '').untrue, 1)
    assert.equal(seen([lost, unknown], 'x 1 s\n', 2).untrue, 2)
  })

  it('measure from each fault to the next result of each client', () => {
    const records = [
      call({ endedAt: 90 }),
      call({ endedAt: 150 }),
      call({ endedAt: 120, ending: ending('refused') }),
      call({ client: 'b', endedAt: 400 }),
    ]
    assert.deepEqual(recoveriesOf(records, [{ what: 'kill', at: 100 }]), [50, 300])
  })

  it('give a client that never recovered the time until the last call of all', () => {
    const records = [
      call({ endedAt: 90 }),
      call({ client: 'b', endedAt: 700, ending: ending('normal') }),
    ]
    assert.deepEqual(recoveriesOf(records, [{ what: 'kill', at: 100 }]), [600, 600])
  })

  it('take percentiles that are values', () => {
    const values = Array.from({ length: 100 }, (_, index) => index + 1)
    assert.equal(percentile(values, 0.5), 50)
    assert.equal(percentile(values, 0.99), 99)
    assert.equal(percentile([7], 0.99), 7)
    assert.equal(percentile([], 0.99), 0)
  })
})

describe('the verdict on a scenario', () => {
  const good = seen(Array.from({ length: 1000 }, () => call({})))

  it('finds nothing where all is as wanted', () => {
    assert.deepEqual(verdictOf(good), { broken: [], missed: [] })
  })

  it('says what must never happen', () => {
    for (const key of ['deadSessions', 'duplicates', 'unanswered', 'untrue'] as const) {
      assert.equal(verdictOf({ ...good, [key]: 1 }).broken.length, 1, key)
    }
    assert.deepEqual(verdictOf(seen([])).broken, ['no call was made'])
  })

  it('says what is worse than wanted', () => {
    assert.deepEqual(verdictOf({ ...good, normal: 999, unknown: 1 }).missed, [])
    assert.match(verdictOf({ ...good, normal: 998, unknown: 2 }).missed.join(), /99\.80 %/)
    assert.match(verdictOf({ ...good, recoveryP99Ms: 2001 }).missed.join(), /2001 ms/)
  })

  it('never rounds up to all', () => {
    assert.equal(shareText(99_999, 100_000), '99.99 %')
    assert.equal(shareText(5, 5), '100.00 %')
  })
})
