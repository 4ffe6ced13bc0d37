import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { hostname } from 'node:os'
import { describe, it } from 'node:test'
import { isGoneFromHere, linkOf, replicaOf, runOwner } from './run-owner.ts'

describe('the owner of a run', () => {
  it('is gone when its process is, or when we have its number', () => {
    const { pid } = spawnSync(process.execPath, ['--version'])
    assert.equal(isGoneFromHere(`${hostname()}/${pid}/1/x`), true)
    assert.equal(isGoneFromHere(`${hostname()}/${process.pid}/1/before`), true)
  })

  it('is not gone while nobody can say so', () => {
    assert.equal(isGoneFromHere(runOwner('self')), false)
    assert.equal(isGoneFromHere(runOwner('another gateway of this process')), false)
    assert.equal(isGoneFromHere(`${hostname()}/${process.ppid}/1/x`), false)
    assert.equal(isGoneFromHere('elsewhere/1/1/x'), false)
    assert.equal(isGoneFromHere('nonsense'), false)
  })

  it('names its replica', () => {
    assert.equal(replicaOf(runOwner('r1a2b')), 'r1a2b')
    assert.equal(replicaOf('nonsense'), undefined)
  })

  it('says where its replica can be asked', () => {
    const url = 'http://127.0.0.1:4711'
    const owner = runOwner('r1a2b', url)
    assert.deepEqual(linkOf(owner), { id: 'r1a2b', url })
    assert.equal(replicaOf(owner), 'r1a2b')
    assert.equal(isGoneFromHere(owner), false)
    assert.equal(linkOf(runOwner('alone')), undefined)
    assert.equal(linkOf('nonsense'), undefined)
  })
})
