import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { DenseList, type Placed } from './dense-list.ts'

function item(): Placed {
  return { place: -1 }
}

function itemsOf(list: DenseList<Placed>): Set<Placed> {
  const found = new Set<Placed>()
  list.forEach((each) => found.add(each))
  return found
}

describe('DenseList', () => {
  it('holds what a Set would hold, whatever comes and goes', () => {
    const steps = fc.array(fc.record({ add: fc.boolean(), at: fc.nat({ max: 9 }) }))
    fc.assert(
      fc.property(steps, (all) => {
        const list = new DenseList<Placed>()
        const model = new Set<Placed>()
        const items = Array.from({ length: 10 }, item)
        for (const { add, at } of all) {
          const each = items[at]!
          if (add) {
            list.add(each)
            model.add(each)
          } else assert.equal(list.delete(each), model.delete(each))
          assert.equal(list.size, model.size)
        }
        assert.deepEqual(itemsOf(list), model)
      }),
    )
  })

  it('visits each once although they leave while being visited', () => {
    const list = new DenseList<Placed>()
    const items = Array.from({ length: 5 }, item)
    for (const each of items) list.add(each)
    const visited: Placed[] = []
    list.forEach((each) => {
      visited.push(each)
      list.delete(each)
    })
    assert.equal(visited.length, 5)
    assert.deepEqual(new Set(visited), new Set(items))
    assert.equal(list.size, 0)
  })

  it('lets go of all at once', () => {
    const list = new DenseList<Placed>()
    const one = item()
    list.add(one)
    list.clear()
    assert.equal(one.place, -1)
    assert.equal(list.size, 0)
  })
})
