import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CrumbWatch } from './crumbs.ts'

/** How many pieces of this size, so far apart, until it is a flood; at most 100,000. */
function piecesUntilFlood(bytes: number, everyMs: number): number {
  const watch = new CrumbWatch()
  let nowMs = 0
  for (let i = 1; i <= 100_000; i++) {
    nowMs += everyMs
    if (watch.isFlood(bytes, () => nowMs)) return i
  }
  return Infinity
}

describe('CrumbWatch', () => {
  it('finds a flood of tiny pieces', () => {
    assert.equal(piecesUntilFlood(1, 0.01), 10_000)
  })

  it('lets pass large pieces, however many, and small ones, however long', () => {
    assert.equal(piecesUntilFlood(64, 0.01), Infinity)
    assert.equal(piecesUntilFlood(1, 1), Infinity)
  })
})
