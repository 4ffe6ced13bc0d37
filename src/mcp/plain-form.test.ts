import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonObject } from '../base/json.ts'
import { plainForm } from './plain-form.ts'

const form = (properties: JsonObject, required?: string[]): JsonObject => ({
  message: 'm',
  requestedSchema: {
    type: 'object',
    properties,
    ...(required === undefined ? {} : { required }),
  },
})

const SIZES = {
  type: 'array',
  title: 'Sizes',
  description: 'Which to order.',
  minItems: 1,
  maxItems: 2,
  items: {
    anyOf: [
      { const: 's', title: 'Small' },
      { const: 'l', title: 'Large' },
    ],
  },
  default: ['l'],
}
const TAGS = { type: 'array', items: { type: 'string', enum: ['a', 'b'] } }

describe('a form for 2025-06-18', () => {
  it('has titled enums as enums with names', () => {
    const color = { type: 'string', oneOf: [{ const: 'r', title: 'Red' }, { const: 'g' }] }
    const { params, restore } = plainForm(form({ color, name: { type: 'string' } }, ['color']))
    assert.deepEqual(
      params,
      form(
        {
          color: { type: 'string', enum: ['r', 'g'], enumNames: ['Red', 'g'] },
          name: { type: 'string' },
        },
        ['color'],
      ),
    )
    assert.equal(restore, undefined)
  })

  it('has a yes-or-no for each option of which several can be chosen', () => {
    const { params } = plainForm(
      form({ sizes: SIZES, tags: TAGS, 'tags.a': { type: 'string' } }, ['sizes', 'tags.a']),
    )
    assert.deepEqual(
      params,
      form(
        {
          'sizes.s': {
            type: 'boolean',
            title: 'Sizes: Small',
            description: 'Which to order. (Choose at least 1, at most 2.)',
            default: false,
          },
          'sizes.l': { type: 'boolean', title: 'Sizes: Large', default: true },
          'tags.a_': { type: 'boolean', title: 'tags: a' },
          'tags.b': { type: 'boolean', title: 'tags: b' },
          'tags.a': { type: 'string' },
        },
        ['tags.a'],
      ),
    )
  })

  it('is answered in the words of who asked', () => {
    const { restore } = plainForm(form({ sizes: SIZES, tags: TAGS }, ['sizes']))
    const restored = (content: JsonObject) => restore?.({ action: 'accept', content })['content']
    assert.deepEqual(restored({ 'sizes.s': true, 'sizes.l': true, 'tags.b': true, other: 1 }), {
      sizes: ['s', 'l'],
      tags: ['b'],
      other: 1,
    })
    assert.deepEqual(restored({ 'sizes.s': false, 'tags.a': false }), { sizes: [] })
    assert.deepEqual(restore?.({ action: 'decline' }), { action: 'decline' })
  })

  it('stays as it is where it has nothing new, or is none', () => {
    const plain = form({ n: { type: 'number' }, list: { type: 'array', items: {} } })
    assert.deepEqual(plainForm(plain), { params: plain })
    for (const params of [{}, { requestedSchema: 1 }, { requestedSchema: { properties: [] } }]) {
      assert.equal(plainForm(params).params, params)
    }
  })
})
