import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { mergeCapabilities, mergeInstructions } from './merge-descriptions.ts'
import { createOffer } from './offer.ts'
import { describedOffer, toolsOffer } from './testing/samples.ts'

const own = toolsOffer('workflows', ['w'], { own: true })
const TASKS = 'io.modelcontextprotocol/tasks'
const UI = 'io.modelcontextprotocol/ui'

describe('mergeCapabilities', () => {
  it('promises what the gateway does itself, whatever backends are there', () => {
    const always = {
      tools: { listChanged: true },
      resources: { listChanged: true, subscribe: true },
      prompts: { listChanged: true },
      logging: {},
      completions: {},
    }
    for (const offers of [[], [createOffer('away')], [describedOffer('a', { tools: {} }), own]]) {
      assert.deepEqual(mergeCapabilities(offers, 'legacy'), always)
      assert.deepEqual(mergeCapabilities(offers, 'modern'), always)
    }
  })

  it('offers tasks of legacy backends to legacy clients only', () => {
    const tasks = { list: {}, requests: { tools: { call: {} } } }
    const offers = [describedOffer('a', {}), describedOffer('b', { tasks })]
    assert.deepEqual(mergeCapabilities(offers, 'legacy')['tasks'], tasks)
    assert.equal(mergeCapabilities(offers, 'modern')['tasks'], undefined)
  })

  it('offers what any of several legacy backends can do with tasks', () => {
    const offers = [
      describedOffer('a', { tasks: { cancel: {}, requests: { tools: {} } } }),
      describedOffer('b', { tasks: { list: {}, requests: { tools: { call: {} }, other: true } } }),
      describedOffer('c', {}),
      describedOffer('d', { tasks: { other: {} } }, { era: 'modern' }),
    ]
    assert.deepEqual(mergeCapabilities(offers, 'legacy')['tasks'], {
      cancel: {},
      list: {},
      requests: { tools: { call: {} }, other: true },
    })
  })

  it('offers an extension if every backend honours it, tasks if one does', () => {
    const modern = (name: string, extensions: object) =>
      describedOffer(name, { extensions } as never, { era: 'modern' })
    const both = [modern('a', { [UI]: { v: 1 }, [TASKS]: {} }), modern('b', { [UI]: { v: 1 } })]
    assert.deepEqual(
      mergeCapabilities([...both, own, createOffer('away')], 'modern')['extensions'],
      {
        [UI]: { v: 1 },
        [TASKS]: {},
      },
    )
    assert.deepEqual(
      mergeCapabilities([...both, describedOffer('c', {})], 'modern')['extensions'],
      { [TASKS]: {} },
    )
    assert.equal(mergeCapabilities(both, 'legacy')['extensions'], undefined)
  })
})

describe('mergeInstructions', () => {
  const said = (backend: string, instructions: string) =>
    describedOffer(backend, {}, { instructions })

  it('passes on those of a single backend as they are', () => {
    assert.equal(mergeInstructions([said('a', '  Be kind.\n'), own]), '  Be kind.\n')
  })

  it('puts those of several under their names, in the order of the names', () => {
    const text = '## a\n\nBe kind.\n\n## c\n\nBe quick.'
    const offers = [said('c', 'Be quick.'), said('b', ' '), said('a', 'Be kind.\n')]
    assert.equal(mergeInstructions(offers), text)
    assert.equal(mergeInstructions(offers.toReversed()), text)
  })

  it('names the backend that says something beside others that do not', () => {
    assert.equal(
      mergeInstructions([said('a', 'Be kind.'), describedOffer('b', {})]),
      '## a\n\nBe kind.',
    )
  })

  it('says nothing if nobody does', () => {
    assert.equal(mergeInstructions([]), undefined)
    assert.equal(mergeInstructions([createOffer('a'), describedOffer('b', {})]), undefined)
  })
})
