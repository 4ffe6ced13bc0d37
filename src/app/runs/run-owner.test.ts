import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { hostname } from 'node:os'
import { describe, it } from 'node:test'
import { isGoneFromHere, runOwner } from './run-owner.ts'

describe('the owner of a run', () => {
  const self = runOwner('self')

  it('is gone when its process is, or when we have its number', () => {
    const { pid } = spawnSync(process.execPath, ['--version'])
    assert.equal(isGoneFromHere(`${hostname()}/${pid}/x`, self), true)
    assert.equal(isGoneFromHere(runOwner('before'), self), true)
  })

  it('is not gone while nobody can say so', () => {
    assert.equal(isGoneFromHere(self, self), false)
    assert.equal(isGoneFromHere(`${hostname()}/${process.ppid}/x`, self), false)
    assert.equal(isGoneFromHere('elsewhere/1/x', self), false)
    assert.equal(isGoneFromHere('nonsense', self), false)
  })
})
