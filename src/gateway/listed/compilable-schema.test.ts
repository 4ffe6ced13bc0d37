import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv'
import fc from 'fast-check'
import type { JsonObject } from '../../base/json.ts'
import { whyNotCompilable } from './compilable-schema.ts'

/** As the first official SDK does with each tool it lists. */
function compileError(schema: JsonObject): string | undefined {
  try {
    new AjvJsonSchemaValidator().getValidator(schema)
    return undefined
  } catch (error) {
    return String(error)
  }
}

const JUNK = fc.constantFrom<unknown>(null, 5, true, 'x', '[', [], [1], {}, ['a'])

/** Keywords with what they should have, and with what they should not. */
const schemas = fc.letrec((tie) => {
  const one = fc.oneof({ maxDepth: 4 }, { weight: 6, arbitrary: tie('schema') }, fc.boolean())
  const byName = fc.dictionary(fc.constantFrom('a', 'b', '^x', '('), one, { maxKeys: 2 })
  const many = fc.array(one, { maxLength: 2 })
  const good: Record<string, fc.Arbitrary<unknown>> = {
    type: fc.constantFrom('object', 'string', ['object', 'null'], 'strng'),
    minimum: fc.integer(),
    exclusiveMinimum: fc.constantFrom<unknown>(1, true),
    maxLength: fc.nat(),
    pattern: fc.constantFrom('a', '[', '\\p{L}'),
    enum: fc.array(fc.constantFrom(1, 'a')),
    const: fc.jsonValue({ maxDepth: 1 }),
    required: fc.array(fc.constantFrom('a', 'b')),
    uniqueItems: fc.boolean(),
    nullable: fc.boolean(),
    id: fc.constant('x'),
    $ref: fc.constantFrom('#', '#/$defs/a', '#/properties/a', '#a', 'https://x.example/s', ''),
    $anchor: fc.constant('a'),
    format: fc.constantFrom('date', 'nonsense'),
    properties: byName,
    patternProperties: byName,
    $defs: byName,
    dependencies: fc.dictionary(fc.constantFrom('a'), fc.oneof(one, fc.constant(['b']))),
    additionalProperties: one,
    items: fc.oneof(one, many),
    contains: one,
    not: one,
    if: one,
    then: one,
    allOf: many,
    anyOf: many,
    oneOf: many,
  }
  const members = Object.fromEntries(
    Object.entries(good).map(([key, arbitrary]) => [
      key,
      fc.option(fc.oneof({ weight: 30, arbitrary }, { weight: 1, arbitrary: JUNK }), {
        nil: undefined,
        freq: 1,
      }),
    ]),
  )
  return {
    schema: fc.subarray(Object.keys(good), { maxLength: 4 }).chain((keys) =>
      fc.record(Object.fromEntries(keys.map((key) => [key, members[key]!])), {
        requiredKeys: [],
      }),
    ),
  }
})

describe('a schema', () => {
  it('can be compiled by clients if we find nothing', () => {
    let sound = 0
    fc.assert(
      fc.property(schemas.schema, (given) => {
        const schema = JSON.parse(JSON.stringify(given)) as JsonObject
        if (whyNotCompilable(schema) !== undefined) return
        sound++
        assert.equal(compileError(schema), undefined, JSON.stringify(schema))
      }),
      { numRuns: 300 },
    )
    assert.ok(sound > 30, String(sound))
  })

  it('is judged by all that it is made of', () => {
    const cases: [schema: JsonObject, fault: RegExp | undefined][] = [
      [{ type: 'object', properties: { a: { type: ['string', 'null'] } } }, undefined],
      [{ $defs: { a: {} }, items: { $ref: '#/$defs/a' } }, undefined],
      [{ $defs: { 'a/b': { $ref: '#' } }, items: { $ref: '#/$defs/a~1b' } }, undefined],
      [
        { $id: 'https://x.example/s', $ref: 'https://x.example/s#/$defs/a', $defs: { a: {} } },
        undefined,
      ],
      [{ properties: { id: {}, enum: {}, $ref: {} } }, undefined],
      [{ properties: { a: { type: 'strng' } } }, /has a type that is none/],
      [{ anyOf: [{ exclusiveMinimum: true }] }, /has a exclusiveMinimum/],
      [{ patternProperties: { '(': {} } }, /no schema in patternProperties/],
      [{ items: { $ref: '#/$defs/no' } }, /refers to "#\/\$defs\/no", which it does not have/],
      [{ $ref: 'https://x.example/s' }, /which it does not have/],
      [{ additionalProperties: 'x' }, /no schema in additionalProperties/],
    ]
    for (const [schema, fault] of cases) {
      const found = whyNotCompilable(schema)
      if (fault === undefined)
        assert.deepEqual([found, compileError(schema)], [undefined, undefined])
      else assert.match(found ?? '', fault)
    }
    let deep: JsonObject = {}
    for (let i = 0; i < 5_000; i++) deep = { not: deep }
    assert.match(whyNotCompilable(deep) ?? '', /too deeply/)
  })
})
