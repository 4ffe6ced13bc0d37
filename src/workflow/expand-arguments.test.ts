import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Json, JsonObject } from '../base/json.ts'
import { parseJson } from '../base/parse-json.ts'
import { parseTemplate, type Template } from '../template/template.ts'
import { coerceArguments } from './coerce-arguments.ts'
import { createExpander, expandArguments, type Expand } from './expand-arguments.ts'
import type { PlannedMap, PlannedValue } from './plan.ts'

describe('coerceArguments', () => {
  it('6.5: turns text into what the schema asks for, at any depth', () => {
    const schema = object({
      n: { type: 'integer' },
      f: { type: 'number' },
      b: { type: 'boolean' },
      s: { type: 'string' },
      list: { type: 'array', items: { type: 'integer' } },
      map: {
        type: 'object',
        properties: { n: { type: 'integer' } },
        additionalProperties: { type: 'boolean' },
      },
      ref: { $ref: '#/$defs/n' },
    })
    const value = {
      n: '+7',
      f: '1e3',
      b: 'T',
      s: '7',
      list: ['1', 'x', 2],
      map: { n: '3', other: 'false' },
      ref: '9',
      free: '1',
    }
    assert.deepEqual(coerceArguments(value, { ...schema, $defs: { n: { type: 'integer' } } }), {
      n: 7,
      f: 1000,
      b: true,
      s: '7',
      list: [1, 'x', 2],
      map: { n: 3, other: false },
      ref: 9,
      free: '1',
    })
  })

  it('6.5: leaves text that is no such value, and everything of several types', () => {
    const schema = object({
      n: { type: 'integer' },
      u: { type: ['integer', 'null'] },
      a: { anyOf: [{ type: 'integer' }, { type: 'string' }] },
      l: { type: 'array' },
    })
    const value = { n: '7.5', u: '7', a: '7', l: '[1]' }
    assert.deepEqual(coerceArguments(value, schema), value)
    for (const n of ['', ' 7', '7 ', '0x7', '1_000', '9'.repeat(65), 'NaN']) {
      assert.deepEqual(coerceArguments({ n }, schema), { n })
    }
    assert.deepEqual(coerceArguments({ n: '7' }, undefined), { n: '7' })
  })

  it('6.4 (weak there): keeps every digit of a 64-bit integer', () => {
    const schema = object({ n: { type: 'integer' } })
    assert.equal(
      JSON.stringify(coerceArguments({ n: '9007199254740993' }, schema)),
      '{"n":9007199254740993}',
    )
  })

  it('keeps every digit of a larger one too, which takes quotes in a file', () => {
    const schema = object({ n: { type: 'integer' }, f: { type: 'number' } })
    assert.equal(
      JSON.stringify(
        coerceArguments({ n: '12345678901234567890', f: '-12345678901234567890' }, schema),
      ),
      '{"n":12345678901234567890,"f":-12345678901234567890}',
    )
  })
})

describe('expandArguments', () => {
  const schema = object({
    n: { type: 'integer' },
    b: { type: 'boolean' },
    o: { type: 'object' },
    l: { type: 'array', items: { type: 'string' } },
    s: { type: 'string' },
    u: { type: ['array', 'null'] },
    any: {},
  })
  const values: Record<string, Json> = {
    '{{.n}}': 7,
    '{{.b}}': true,
    '{{.o}}': { a: 1 },
    '{{.l}}': ['x'],
    '{{.s}}': 'text',
    '{{.json}}': '["y"]',
    '{{.big}}': parseJson('12345678901234567890') as Json,
  }

  it('6.5 (weak there): keeps the JSON type of a single expression where the schema asks for it', () => {
    assert.deepEqual(
      expanded({ n: '{{.n}}', b: '{{.b}}', o: '{{.o}}', l: '{{.l}}', u: '{{.l}}' }),
      {
        n: 7,
        b: true,
        o: { a: 1 },
        l: ['x'],
        u: ['x'],
      },
    )
    assert.equal(JSON.stringify(expanded({ n: '{{.big}}' })), '{"n":12345678901234567890}')
  })

  it('writes text where the schema asks for text, or does not ask', () => {
    assert.deepEqual(expanded({ s: '{{.n}}', any: '{{.n}}', none: '{{.l}}', n: '{{.s}}' }), {
      s: '<{{.n}}>',
      any: '<{{.n}}>',
      none: '<{{.l}}>',
      n: '<{{.s}}>',
    })
  })

  it('6.5 (weak there): reads the JSON that a single expression wrote, where the schema asks for a list or a map', () => {
    assert.deepEqual(expanded({ l: '{{.json}}', o: '{{.json}}', s: '{{.json}}' }), {
      l: ['y'],
      o: '<{{.json}}>',
      s: '<{{.json}}>',
    })
  })

  it('turns the text of other templates into scalars only', () => {
    const found = expandArguments(planned({ n: '4{{.n}}', l: '[{{.n}}]' }) as PlannedMap, schema, {
      text: (template) => template.source.replace('{{.n}}', '7'),
      value: () => undefined,
      failed: rethrow,
    })
    assert.deepEqual(found, { n: 47, l: '[7]' })
  })

  it('expands inside of lists and maps, and leaves other literals alone', () => {
    const nested = object({
      m: object({ n: { type: 'integer' } }),
      l: { items: { type: 'boolean' } },
    })
    const found = expandArguments(
      planned({ m: { n: '{{.n}}', k: 1 }, l: ['{{.b}}', 'true', null] }) as PlannedMap,
      nested,
      expand,
    )
    assert.deepEqual(found, { m: { n: 7, k: 1 }, l: [true, true, null] })
  })

  it('names the argument whose template fails, and takes what stands in for it', () => {
    const args = { filter: { 'a b': ['x', '{{.broken}}'] }, n: '{{.n}}' }
    const failing: Expand = {
      ...expand,
      text(template) {
        if (template.source.includes('broken')) throw new Error('it is broken')
        return expand.text(template)
      },
      failed: (path, { source }, error) => `${path} ${source} ${String(error)}`,
    }
    assert.deepEqual(expandArguments(planned(args) as PlannedMap, schema, failing), {
      filter: { 'a b': ['x', 'arguments.filter["a b"][1] {{.broken}} Error: it is broken'] },
      n: 7,
    })
  })

  it('looks up what is asked for again when a tool has another schema', () => {
    const make = createExpander(planned({ n: '{{.n}}' }) as PlannedMap)
    assert.deepEqual(make(schema, expand), { n: 7 })
    assert.deepEqual(make(schema, expand), { n: 7 })
    assert.deepEqual(make(object({ n: { type: 'string' } }), expand), { n: '<{{.n}}>' })
    assert.deepEqual(make(undefined, expand), { n: '<{{.n}}>' })
  })

  it('keeps a key that every object has', () => {
    const args = parseJson('{"__proto__":{"a":"{{.n}}"},"constructor":"c"}') as JsonObject
    const made = expandArguments(planned(args) as PlannedMap, undefined, expand)
    assert.equal(JSON.stringify(made), '{"__proto__":{"a":"<{{.n}}>"},"constructor":"c"}')
  })

  it('works without a schema', () => {
    assert.deepEqual(expandArguments(planned({ a: '{{.n}}' }) as PlannedMap, undefined, expand), {
      a: '<{{.n}}>',
    })
  })

  function expanded(args: JsonObject): JsonObject {
    return expandArguments(planned(args) as PlannedMap, schema, expand)
  }

  const expand: Expand = {
    text: (template: Template) => `<${template.source}>`,
    value: (template: Template) => values[template.source],
    failed: rethrow,
  }
})

function rethrow(_path: string, _template: Template, error: unknown): never {
  throw error
}

function planned(value: Json): PlannedValue {
  if (typeof value === 'string' && value.includes('{{')) {
    return { kind: 'template', template: parseTemplate(value) }
  }
  if (Array.isArray(value)) return { kind: 'list', items: value.map(planned) }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(
      ([key, child]) => [key, planned(child ?? null)] as const,
    )
    return { kind: 'map', entries: new Map(entries) }
  }
  return { kind: 'literal', value }
}

function object(properties: JsonObject): JsonObject {
  return { type: 'object', properties }
}
