import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Json, JsonObject } from '../base/json.ts'
import { parseJson } from '../base/parse-json.ts'
import { compileSchema } from './json-schema.ts'

const ISSUES: JsonObject = {
  type: 'object',
  properties: {
    repo: { type: 'string', minLength: 1 },
    limit: { type: 'integer', maximum: 100 },
    state: { enum: ['open', 'closed'] },
    filter: {
      type: 'object',
      properties: { labels: { type: 'array', items: { type: 'string' } } },
      additionalProperties: false,
    },
  },
  required: ['repo'],
}

describe('compileSchema', () => {
  it('6.1: checks arguments for real, and names every place', () => {
    const wrong = { limit: 'many', state: 'opn', filter: { labels: ['a', 1], label: 'x' } }
    assert.deepEqual(mistakes(ISSUES, wrong), [
      'repo: is required',
      'limit: must be a whole number, not "many"',
      'state: must be "open" or "closed", not "opn"',
      'filter.label: is not known; did you mean "labels"?',
      'filter.labels[1]: must be text, not 1',
    ])
    assert.deepEqual(mistakes(ISSUES, { repo: 'a', limit: 5, other: true }), [])
    assert.deepEqual(mistakes(ISSUES, []), [': must be a map, not a list'])
    assert.deepEqual(mistakes(ISSUES, { repo: '', limit: 101 }), [
      'repo: must NOT have fewer than 1 characters',
      'limit: must be <= 100',
    ])
  })

  it('understands 2020-12, and draft-07 where the schema says so', () => {
    const pair = { type: 'object', properties: { p: { prefixItems: [{ type: 'string' }] } } }
    assert.deepEqual(mistakes(pair, { p: [1] }), ['p[0]: must be text, not 1'])
    const old = {
      $schema: 'http://json-schema.org/draft-07/schema#',
      type: 'object',
      properties: { p: { items: [{ type: 'string' }] } },
    }
    assert.deepEqual(mistakes(old, { p: [1] }), ['p[0]: must be text, not 1'])
  })

  it('follows references inside of the schema', () => {
    const tree = {
      type: 'object',
      properties: { next: { $ref: '#' }, name: { $ref: '#/$defs/name' } },
      $defs: { name: { type: 'string' } },
    }
    assert.deepEqual(mistakes(tree, { next: { next: { name: 1 } } }), [
      'next.next.name: must be text, not 1',
    ])
  })

  it('never fetches: a reference to elsewhere is a mistake, with its place', () => {
    for (const target of [
      'http://127.0.0.1:1/x.json',
      'other.json#/a',
      '//host/x',
      'file:///etc/x',
    ]) {
      const schema = { type: 'object', properties: { a: { items: { $ref: target } } } }
      assert.deepEqual(compileSchema(schema), {
        ok: false,
        path: ['properties', 'a', 'items', '$ref'],
        reason: `"${target}" is outside of this schema, and schemas are never fetched`,
      })
    }
    const own = { type: 'object', $defs: { a: { $id: 'urn:a', type: 'string' } }, $ref: 'urn:a' }
    assert.equal(compileSchema(own).ok, true)
    assert.equal(compileSchema({ type: 'object', default: { $ref: 'http://x' } }).ok, true)
  })

  it('says what is no JSON Schema, and where', () => {
    const wrong = (schema: JsonObject) => {
      const compiled = compileSchema(schema)
      return compiled.ok ? 'ok' : `${compiled.path.map(String).join('.')}: ${compiled.reason}`
    }
    assert.equal(
      wrong({ type: 'object', properties: { n: { type: 'int' } } }),
      'properties.n.type: "int" is not a type of JSON Schema; did you mean "integer"?',
    )
    assert.equal(
      wrong({ type: 'object', properties: { n: { minimum: 'x' } } }),
      'properties.n.minimum: is not a JSON Schema: must be number',
    )
    assert.match(wrong({ type: 'object', $ref: '#/$defs/none' }), /can't resolve reference/)
    assert.match(
      wrong({ type: 'object', properties: { a: { pattern: '(' } } }),
      /regular expression/,
    )
  })

  it('6.7: refuses schemas that are too large or too deep', () => {
    const large = { type: 'object', description: 'x'.repeat(101 * 1024) }
    assert.match(reasonOf(large), /bytes as JSON; the limit is 102400/)
    let deep: JsonObject = { type: 'object' }
    for (let level = 0; level < 64; level++) deep = { type: 'object', not: deep }
    assert.match(reasonOf(deep), /nested 65 levels deep; the limit is 64/)
  })

  it('takes numbers that JavaScript cannot hold for the numbers they are', () => {
    const schema = { type: 'object', properties: { id: { type: 'integer' } } }
    const args = parseJson('{"id": 12345678901234567890}') as Json
    assert.deepEqual(mistakes(schema, args), [])
  })

  it('does not collect millions of mistakes', () => {
    const schema = {
      type: 'object',
      properties: { a: { type: 'array', items: { type: 'string' } } },
    }
    const compiled = compileSchema(schema)
    assert.ok(compiled.ok)
    assert.equal(compiled.check({ a: Array.from({ length: 50_000 }, () => 1) }).length, 1)
    assert.equal(compiled.check({ a: Array.from({ length: 50 }, () => 1) }).length, 10)
  })
})

function mistakes(schema: JsonObject, value: Json): string[] {
  const compiled = compileSchema(schema)
  assert.ok(compiled.ok, JSON.stringify(compiled))
  return compiled.check(value).map(({ path, reason }) => `${path}: ${reason}`)
}

function reasonOf(schema: JsonObject): string {
  const compiled = compileSchema(schema)
  return compiled.ok ? '' : compiled.reason
}
