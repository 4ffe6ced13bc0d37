import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { aggregationOf, toolsOffer } from './aggregation/testing/samples.ts'
import { checkOffers } from './check-offers.ts'

const offers = [toolsOffer('a', ['x']), toolsOffer('b', ['x'])]
const backendsNamed = (...names: string[]) => names.map((name) => ({ name }))

describe('checkOffers', () => {
  it('reports conflicts that the settings would leave, not those they resolve', () => {
    const left = aggregationOf('manual', { tools: [{ workload: 'a' }] })
    const resolved = aggregationOf('manual', {
      tools: [{ workload: 'a', overrides: { x: { name: 'y' } } }],
    })
    const backends = backendsNamed('a', 'b')
    assert.equal(checkOffers({ backends, aggregation: left }, offers).problems.length, 1)
    assert.equal(checkOffers({ backends, aggregation: resolved }, offers).problems.length, 0)
  })

  it('accepts a backend that is only now added, and its tools unseen', () => {
    const aggregation = aggregationOf('priority', {
      priorityOrder: ['new'],
      tools: [{ workload: 'new', filter: ['t'] }],
    })
    const backends = backendsNamed('a', 'new')
    assert.deepEqual(checkOffers({ backends, aggregation }, offers), {
      names: [],
      problems: [],
      notes: [],
      toolNames: undefined,
    })
  })

  it('knows the names of all tools once every backend has told its own', () => {
    const aggregation = aggregationOf('prefix', {
      prefixFormat: '{workload}_',
      tools: [{ workload: 'b', excludeAll: true }],
    })
    assert.deepEqual(
      checkOffers({ backends: backendsNamed('a', 'b'), aggregation }, offers).toolNames,
      ['a_x', 'b_x'],
    )
  })

  it('forgets a backend that is taken out', () => {
    const aggregation = aggregationOf('manual', { tools: [{ workload: 'b' }] })
    const { names, problems } = checkOffers({ backends: backendsNamed('a'), aggregation }, offers)
    assert.deepEqual(
      names.map((name) => name.reason),
      ['"b" is not a backend'],
    )
    assert.deepEqual(problems, [])
  })
})
