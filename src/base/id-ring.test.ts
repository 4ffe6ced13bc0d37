import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { IdRing, type Numbered } from './id-ring.ts'

describe('IdRing', () => {
  it('begins at 1', () => {
    assert.equal(new IdRing().nextId(), 1)
  })

  it('holds what a Map would hold, under ids that never repeat', () => {
    const steps = fc.array(fc.nat({ max: 60 }), { maxLength: 300 })
    fc.assert(
      fc.property(steps, (all) => {
        const ring = new IdRing<Numbered>()
        const model = new Map<number, Numbered>()
        let lastId = 0
        for (const step of all) {
          const victim = [...model.keys()][step - 30]
          if (victim === undefined) {
            const id = ring.nextId()
            assert.ok(id > lastId)
            lastId = id
            const item = { id }
            ring.add(item)
            model.set(id, item)
          } else {
            assert.equal(ring.delete(victim), true)
            assert.equal(ring.delete(victim), false)
            model.delete(victim)
          }
          assert.equal(ring.size, model.size)
        }
        for (const [id, item] of model) assert.equal(ring.get(id), item)
        assert.deepEqual(new Set(ring.values()), new Set(model.values()))
      }),
    )
  })

  it('goes round a call that stays, without growing for it', () => {
    const ring = new IdRing<Numbered>()
    const stays = { id: ring.nextId() }
    ring.add(stays)
    for (let calls = 0; calls < 100_000; calls++) {
      const id = ring.nextId()
      assert.notEqual(id & 15, stays.id & 15)
      ring.add({ id })
      ring.delete(id)
    }
    assert.equal(ring.get(stays.id), stays)
  })

  it('finds nothing under what is no id of its own', () => {
    const ring = new IdRing<Numbered>()
    ring.add({ id: ring.nextId() })
    for (const id of ['1', 17, 1.5, -15, Number.NaN, undefined, null]) {
      assert.equal(ring.get(id), undefined)
    }
  })
})
