import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonObject } from '../base/json.ts'
import { createArgumentsCheck } from './check-arguments.ts'
import { fillDefaults } from './fill-defaults.ts'

describe('fillDefaults', () => {
  it('6.4: fills in the defaults at the top', () => {
    const schema = object({ limit: { type: 'integer', default: 20 }, repo: { type: 'string' } })
    assert.deepEqual(fillDefaults(schema, {}), { limit: 20 })
    assert.deepEqual(fillDefaults(schema, { limit: 5, repo: 'a' }), { limit: 5, repo: 'a' })
    assert.deepEqual(fillDefaults(schema, { limit: null }), { limit: null })
  })

  it('6.5 (weak there): fills in nested ones: in maps, in lists, and in maps that are not there', () => {
    const schema = object({
      filter: object({ state: { default: 'open' }, page: object({ size: { default: 10 } }) }),
      items: { type: 'array', items: object({ n: { default: 1 } }) },
      pair: {
        type: 'array',
        prefixItems: [object({ a: { default: 'a' } }), object({ b: { default: 'b' } })],
      },
    })
    assert.deepEqual(fillDefaults(schema, { items: [{}, { n: 2 }, 'x'], pair: [{}, {}] }), {
      filter: { state: 'open', page: { size: 10 } },
      items: [{ n: 1 }, { n: 2 }, 'x'],
      pair: [{ a: 'a' }, { b: 'b' }],
    })
    assert.deepEqual(fillDefaults(schema, { filter: { state: 'all' } }), {
      filter: { state: 'all', page: { size: 10 } },
    })
  })

  it('does not make a map that would lack what it requires', () => {
    const target = {
      ...object({ host: { type: 'string' }, port: { default: 80 } }),
      required: ['host'],
    }
    const schema = object({ target })
    assert.deepEqual(fillDefaults(schema, {}), {})
    assert.deepEqual(fillDefaults(schema, { target: { host: 'h' } }), {
      target: { host: 'h', port: 80 },
    })
  })

  it('follows references and allOf, and ends in schemas that contain themselves', () => {
    const schema: JsonObject = {
      ...object({ left: { $ref: '#' }, right: { $ref: '#' }, size: { $ref: '#/$defs/size' } }),
      allOf: [object({ more: { default: true } })],
      $defs: { size: { type: 'integer', default: 3 } },
    }
    const filled = fillDefaults(schema, { left: {} })
    assert.equal(filled['size'], 3)
    assert.equal(filled['more'], true)
    assert.equal((filled['left'] as JsonObject)['size'], 3)
  })

  it('gives a default the type of its property', () => {
    const schema = object({
      n: { type: 'integer', default: '20' },
      b: { type: 'boolean', default: 'true' },
    })
    assert.deepEqual(fillDefaults(schema, {}), { n: 20, b: true })
  })

  it('takes a default of null for none, where null is not allowed', () => {
    const schema = object({
      a: { type: 'string', default: null },
      b: { type: ['string', 'null'], default: null },
    })
    assert.deepEqual(fillDefaults(schema, {}), { b: null })
  })

  it('changes neither the arguments nor the schema', () => {
    const schema = object({ a: { type: 'array', default: [1] } })
    const args = {}
    const filled = fillDefaults(schema, args)
    ;(filled['a'] as number[]).push(2)
    assert.deepEqual(args, {})
    assert.deepEqual(fillDefaults(schema, {}), { a: [1] })
  })

  it('treats __proto__ as a key like any other', () => {
    const schema = JSON.parse('{"type":"object","properties":{"__proto__":{"default":{"x":1}}}}')
    const filled = fillDefaults(schema, {})
    assert.deepEqual(Object.keys(filled), ['__proto__'])
    assert.equal(Object.getPrototypeOf(filled), Object.prototype)
  })
})

describe('createArgumentsCheck', () => {
  it('takes a quoted default of any size where the schema asks for an integer', () => {
    for (const id of ['9007199254740993', '12345678901234567890']) {
      const check = createArgumentsCheck(object({ id: { type: 'integer', default: id } }))
      assert.equal(JSON.stringify(check({})), `{"ok":true,"args":{"id":${id}}}`)
    }
  })

  it('6.5 (weak there): checks arguments with their defaults, so that these satisfy what is required', () => {
    const check = createArgumentsCheck({
      ...object({ repo: { type: 'string' }, limit: { type: 'integer', default: 20 } }),
      required: ['repo', 'limit'],
    })
    assert.deepEqual(check({ repo: 'a' }), { ok: true, args: { repo: 'a', limit: 20 } })
    assert.deepEqual(check({ repo: 1 }), {
      ok: false,
      mistakes: [{ path: 'repo', reason: 'must be text, not 1' }],
    })
  })

  it('does not blame the caller for a default that is not of its own type', () => {
    const check = createArgumentsCheck(object({ n: { type: 'integer', default: 'many' } }))
    assert.deepEqual(check({}), { ok: true, args: { n: 'many' } })
    assert.equal(check({ n: 'many' }).ok, false)
  })

  it('takes anything without a schema', () => {
    assert.deepEqual(createArgumentsCheck(undefined)({ a: 1 }), { ok: true, args: { a: 1 } })
  })
})

function object(properties: JsonObject): JsonObject {
  return { type: 'object', properties }
}
