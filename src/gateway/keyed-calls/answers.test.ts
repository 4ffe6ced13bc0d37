import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createAnswers } from './answers.ts'

describe('createAnswers()', () => {
  it('remembers the latest of each key, for its time', () => {
    let now = 0
    const answers = createAnswers(100, 1000, () => now)
    answers.add('a', 'first')
    now = 50
    answers.add('a', 'second')
    assert.equal(answers.of('a'), 'second')
    assert.equal(answers.of('b'), undefined)
    now = 120
    assert.equal(answers.of('a'), 'second')
    now = 150
    assert.equal(answers.of('a'), undefined)
  })

  it('forgets the oldest when they are too large together, and what is over', () => {
    let now = 0
    const answers = createAnswers(100, 30, () => now)
    for (const key of ['a', 'b', 'c']) answers.add(key, key.repeat(9))
    assert.equal(answers.of('a'), 'aaaaaaaaa')
    answers.add('d', 'ddddddddd')
    assert.equal(answers.of('a'), undefined)
    assert.equal(answers.of('b'), 'bbbbbbbbb')
    answers.add('large', 'x'.repeat(30))
    assert.deepEqual(['b', 'c', 'd', 'large'].map(answers.of), Array(4).fill(undefined))
    answers.add('e', 'e'.repeat(20))
    now = 100
    answers.add('f', 'f'.repeat(20))
    assert.equal(answers.of('f'), 'f'.repeat(20))
  })
})
