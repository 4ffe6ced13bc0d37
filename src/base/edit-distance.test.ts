import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { closest, editDistance } from './edit-distance.ts'

describe('editDistance', () => {
  it('counts insertions, deletions, replacements and swaps', () => {
    assert.equal(editDistance('abc', 'abc'), 0)
    assert.equal(editDistance('abc', 'abxc'), 1)
    assert.equal(editDistance('abc', 'ac'), 1)
    assert.equal(editDistance('abc', 'axc'), 1)
    assert.equal(editDistance('abc', 'acb'), 1)
    assert.equal(editDistance('', 'abc'), 3)
  })

  it('is the same both ways and at most the longer length', () => {
    const word = fc.string({ maxLength: 12 })
    fc.assert(
      fc.property(word, word, (a, b) => {
        assert.equal(editDistance(a, b), editDistance(b, a))
        assert.ok(editDistance(a, b) <= Math.max(a.length, b.length))
      }),
    )
  })
})

describe('closest', () => {
  it('finds a misspelt word, whatever its case and hyphens', () => {
    assert.equal(closest('transprot', ['url', 'transport']), 'transport')
    assert.equal(closest('group_ref', ['groupRef', 'name']), 'groupRef')
  })

  it('finds nothing for a word that is far from all', () => {
    assert.equal(closest('banana', ['url', 'transport']), undefined)
    assert.equal(closest('x', ['y', 'z']), 'y')
  })
})
