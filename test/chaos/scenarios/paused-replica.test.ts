import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { staleActs } from './paused-replica.ts'

describe('the ledger after a pause', () => {
  it('shows a process that acted after it was replaced', () => {
    const effect = (id: string, pid: number) => ({ id, pid, session: `pid-${pid}` })
    const good = [effect('a-0-1', 1), effect('b-0-1', 2), effect('a-0-2', 1), effect('a-0-3', 3)]
    assert.deepEqual(staleActs(good), [])
    assert.equal(staleActs([...good, effect('a-0-4', 1)]).length, 1)
  })

  it('leaves sessions over HTTP alone: one process serves them all', () => {
    const effect = (pid: number) => ({ id: 'a-0-1', pid, session: 'uuid' })
    assert.deepEqual(staleActs([effect(1), effect(2), effect(1)]), [])
  })
})
