import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { findDataDependencies } from './data-dependencies.ts'
import { findCycle, levelsOf, upstreamOf, type GraphNode } from './step-graph.ts'

const DIAMOND = graph({ d: ['b', 'c'], b: ['a'], c: ['a'], a: [] })

describe('findCycle', () => {
  it('6.3: names the steps of a cycle in the order they wait', () => {
    assert.deepEqual(findCycle(graph({ a: ['b'], b: ['c'], c: ['a'], d: [] })), [
      'a',
      'b',
      'c',
      'a',
    ])
    assert.deepEqual(findCycle(graph({ z: [], a: ['a'] })), ['a', 'a'])
    assert.equal(findCycle(DIAMOND), undefined)
    assert.equal(findCycle(graph({ a: ['nowhere'] })), undefined)
  })
})

describe('upstreamOf', () => {
  it('follows dependencies all the way', () => {
    assert.deepEqual([...upstreamOf('d', DIAMOND)].toSorted(), ['a', 'b', 'c'])
    assert.deepEqual([...upstreamOf('a', DIAMOND)], [])
    assert.deepEqual([...upstreamOf('none', DIAMOND)], [])
  })
})

describe('levelsOf', () => {
  it('6.5: counts the steps that come before, whatever the order of the file', () => {
    assert.deepEqual(Object.fromEntries(levelsOf(DIAMOND)), { a: 0, b: 1, c: 1, d: 2 })
  })

  it('gives no level to steps in a cycle', () => {
    assert.deepEqual(Object.fromEntries(levelsOf(graph({ a: ['b'], b: ['a'], c: [] }))), { c: 0 })
  })
})

describe('findDataDependencies', () => {
  const reading = (nodes: Record<string, string[]>, reads: Record<string, string[]>) =>
    findDataDependencies(graph(nodes), ({ id }) => reads[id] ?? [])

  it('tells what came first by level from what had no order', () => {
    const nodes = { a: [], b: [], c: ['b'] }
    assert.deepEqual(reading(nodes, { c: ['a', 'b'], b: ['a'] }), [
      { step: 'b', of: 'a', how: 'unordered' },
    ])
    assert.deepEqual(reading(nodes, { c: ['a'] }), [{ step: 'c', of: 'a', how: 'earlier' }])
  })

  it('finds what cannot wait', () => {
    assert.deepEqual(reading({ a: [], b: ['a'] }, { a: ['b'], b: ['b'] }), [
      { step: 'a', of: 'b', how: 'cycle' },
      { step: 'b', of: 'b', how: 'cycle' },
    ])
    assert.deepEqual(reading({ a: [], b: [] }, { a: ['b', 'nowhere'], b: ['a'] }), [
      { step: 'a', of: 'b', how: 'unordered' },
      { step: 'b', of: 'a', how: 'cycle' },
    ])
  })

  it('never makes a cycle, whatever is read', () => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'f']
    const some = fc.uniqueArray(fc.constantFrom(...ids), { maxLength: 4 })
    fc.assert(
      fc.property(fc.array(some, { minLength: 6, maxLength: 6 }), (reads) => {
        const nodes = ids.map((id): GraphNode => ({ id, dependsOn: [] }))
        const found = findDataDependencies(nodes, ({ id }) => reads[ids.indexOf(id)] ?? [])
        const made = nodes.map(({ id }) => ({
          id,
          dependsOn: found.flatMap(({ step, of, how }) =>
            step === id && how !== 'cycle' ? [of] : [],
          ),
        }))
        assert.equal(findCycle(made), undefined)
        for (const [index, id] of ids.entries()) {
          const upstream = upstreamOf(id, made)
          for (const of of reads[index] ?? []) {
            const cannot = found.some(
              (each) => each.step === id && each.of === of && each.how === 'cycle',
            )
            assert.notEqual(upstream.has(of), cannot)
          }
        }
      }),
    )
  })
})

function graph(nodes: Record<string, string[]>): GraphNode[] {
  return Object.entries(nodes).map(([id, dependsOn]) => ({ id, dependsOn }))
}
