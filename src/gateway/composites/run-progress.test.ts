import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RunProgress } from './run-progress.ts'

describe('the progress of a run', () => {
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
    assert.equal(progress.steps(2, 3, 'label done')['progress'], 2)
  })

  it('never counts a call as done that has not been answered', () => {
    const progress = new RunProgress()
    progress.steps(0, 2, '')
    assert.equal(progress.part({}, 'a', { progress: 300, total: 100 })['progress'], 0.99)
    assert.equal(progress.part({}, 'b', { progress: -3, total: 100 })['progress'], 0.99)
    assert.equal(progress.part({}, 'c', { progress: 7 })['progress'], 0.99)
  })
})
