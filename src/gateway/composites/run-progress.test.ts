import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RunProgress } from './run-progress.ts'

describe('6.12: the progress of a run', () => {
  it('is the steps done, and parts of those under way', () => {
    const progress = new RunProgress()
    const call = {}
    assert.deepEqual(progress.steps(1, 3, 'list done'), {
      progress: 1,
      total: 3,
      message: 'list done',
    })
    assert.deepEqual(progress.part(call, 'label[2]', { progress: 5, total: 10, message: 'half' }), {
      progress: 1.5,
      total: 3,
      message: 'label[2]: half',
    })
    progress.ended(call)
    assert.equal(progress.steps(2, 3, 'label done')?.['progress'], 2)
  })

  it('never counts a call as done that has not been answered', () => {
    const progress = new RunProgress()
    progress.steps(0, 2, '')
    assert.equal(progress.part({}, 'a', { progress: 300, total: 100 })?.['progress'], 0.99)
    assert.equal(progress.part({}, 'b', { progress: -3, total: 100 }), undefined)
  })

  it('is a number that people can read', () => {
    const progress = new RunProgress()
    progress.steps(0, 3, '')
    const told = [{}, {}, {}].map((call) => progress.part(call, 'a', { progress: 1, total: 1 }))
    assert.deepEqual(
      told.map((params) => params?.['progress']),
      [0.99, 1.98, 2.97],
    )
  })

  it('has a total from the first moment on, which may grow', () => {
    const progress = new RunProgress()
    assert.equal(progress.latest, undefined)
    assert.deepEqual(progress.steps(0, 2, 'started'), { progress: 0, total: 2, message: 'started' })
    assert.equal(progress.steps(0, 12, 'ten more'), undefined)
    assert.deepEqual(progress.latest, { progress: 0, total: 12, message: 'started' })
    assert.equal(progress.part({}, 'a', { progress: 1, total: 2 })?.['total'], 12)
  })

  it('grows with everything that is told, also where backends do not say of how much', () => {
    const progress = new RunProgress()
    const [one, two] = [{}, {}]
    const told = [
      progress.steps(0, 2, 'started'),
      progress.part(one, 'a', { progress: 1 }),
      progress.part(one, 'a', { progress: 2, message: 'more' }),
      progress.part(two, 'b', { progress: 5, total: 10 }),
      // It is over, and not yet counted as done.
      (progress.ended(one), progress.part(two, 'b', { progress: 5, total: 10 })),
      progress.steps(1, 2, 'a done'),
      progress.part(two, 'b', { progress: 1, total: 10 }),
      progress.steps(2, 2, 'b done'),
    ]
    const values = told.flatMap((each) => (each === undefined ? [] : [each['progress'] as number]))
    assert.equal(values.length, 6)
    for (const [place, value] of values.entries()) {
      if (place > 0) assert.ok(value > values[place - 1]!, values.join())
    }
  })
})
