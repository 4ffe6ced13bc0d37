import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createPool } from './pool.ts'
import type { Slot } from './slot.ts'

describe('createPool()', () => {
  it('lets what only leads to another replica make room before what lives here', () => {
    const closed: string[] = []
    const elsewhere = new Set<Slot>()
    let nowMs = 0
    const pool = createPool({
      backend: 'b',
      maxSlots: () => 3,
      idleMs: () => 60_000,
      now: () => ++nowMs,
      makeSlot: (owner) => {
        const name = owner.kind === 'principal' ? owner.principal.binding : ''
        const slot = { isInUse: false, close: async () => void closed.push(name) } as Slot
        if (name.startsWith('far')) elsewhere.add(slot)
        return slot
      },
      isElsewhere: (slot) => elsewhere.has(slot),
      onEnd() {},
    })
    for (const binding of ['near 1', 'far 1', 'far 2', 'near 2', 'near 3', 'near 4']) {
      pool.slotFor({ kind: 'principal', principal: { kind: 'oidc', binding } })
    }
    assert.deepEqual(closed, ['far 1', 'far 2', 'near 1'])
    assert.equal(pool.size, 3)
  })
})
