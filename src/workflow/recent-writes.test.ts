import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createRecentWrites } from './recent-writes.ts'

it('keeps what a store may have lost, and always the last one', () => {
  let time = 0
  const recent = createRecentWrites(() => time)
  recent.add('a')
  time += 20_000
  recent.add('b')
  assert.equal(recent.first(2), 0)
  assert.deepEqual(recent.missing({ first: 0, entries: [] }, 2), ['a', 'b'])
  time += 20_000
  recent.add('c')
  assert.equal(recent.first(3), 1)
  assert.deepEqual(recent.missing({ first: 1, entries: ['b'] }, 3), ['c'])
  assert.equal(recent.missing({ first: 0, entries: [] }, 3), undefined, 'too much is missing')
  assert.equal(recent.missing({ first: 1, entries: ['b', 'x'] }, 3), undefined, 'by another')
  assert.equal(recent.missing({ first: 1, entries: ['b', 'c'] }, 3), undefined, 'nothing is')
  recent.add('d'.repeat(300_000))
  recent.add('e'.repeat(300_000))
  assert.equal(recent.first(5), 4)
})
