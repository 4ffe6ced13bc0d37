import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Json, JsonObject } from '../base/json.ts'
import { parseTemplate } from '../template/template.ts'
import { convertOutput } from './convert-output.ts'
import type { PlannedOutput, PlannedProperty } from './plan.ts'

describe('convertOutput', () => {
  it('6.9: reads integers, numbers, booleans, lists and maps from text', () => {
    const written = { i: '7', n: '1.5', b: 'true', l: '[1,"x"]', o: '{"a":{}}', s: '7' }
    assert.deepEqual(
      convert(
        { i: 'integer', n: 'number', b: 'boolean', l: 'array', o: 'object', s: 'string' },
        written,
      ),
      {
        ok: true,
        value: { i: 7, n: 1.5, b: true, l: [1, 'x'], o: { a: {} }, s: '7' },
      },
    )
  })

  it('keeps the value of a single expression that has the type', () => {
    const typed = { l: ['a'], o: { a: 1 }, i: 7, s: ['a'] }
    assert.deepEqual(
      convert({ l: 'array', o: 'object', i: 'integer', s: 'string' }, { s: '[a]' }, typed),
      {
        ok: true,
        value: { l: ['a'], o: { a: 1 }, i: 7, s: '[a]' },
      },
    )
  })

  it('6.9: takes the default when there is no value, or another one than its type', () => {
    const output = made({
      none: property('string', { default: 'x' }),
      wrong: property('integer', { default: 3 }),
      fails: property('string', { default: null }),
    })
    const converted = convertOutput(output, {
      value: () => undefined,
      text: ({ source }) => {
        if (source === '{{.fails}}') throw new Error('no')
        return source === '{{.none}}' ? '<no value>' : 'many'
      },
    })
    assert.deepEqual(converted, { ok: true, value: { none: 'x', wrong: 3, fails: null } })
  })

  it('6.9: fails without a default, and says which value and why', () => {
    assert.partialDeepStrictEqual(convert({ n: 'integer' }, { n: '7.5' }), {
      ok: false,
      property: 'n',
      reason: 'cannot be turned into a whole number: "7.5"',
    })
    assert.partialDeepStrictEqual(convert({ n: 'string' }, { n: '<no value>' }), {
      ok: false,
      property: 'n',
      reason: 'has no value',
    })
    assert.partialDeepStrictEqual(convert({ l: 'array' }, { l: '{}' }), {
      ok: false,
      property: 'l',
      reason: 'cannot be turned into a list: "{}"',
    })
  })

  it('6.9: nests values, and names the one that cannot be made', () => {
    const inner = new Map([['deep', property('integer', { source: '{{.deep}}' })]])
    const outer = { ...property('object', {}), value: undefined, properties: inner }
    const output = { properties: new Map([['outer', outer]]), required: [] }
    const expand = (text: string) => ({ value: () => undefined, text: () => text })
    assert.deepEqual(convertOutput(output, expand('1')), {
      ok: true,
      value: { outer: { deep: 1 } },
    })
    assert.partialDeepStrictEqual(convertOutput(output, expand('x')), {
      ok: false,
      property: 'outer.deep',
      reason: 'cannot be turned into a whole number: "x"',
    })
  })

  it('6.9: fails when a required value is null', () => {
    const output = { ...made({ a: property('string', { default: null }) }), required: ['a'] }
    const expand = { value: () => undefined, text: () => '<no value>' }
    assert.partialDeepStrictEqual(convertOutput(output, expand), {
      ok: false,
      property: 'a',
      reason: 'is required, but has no value',
    })
  })
})

function convert(
  types: Record<string, PlannedProperty['type']>,
  written: Record<string, string>,
  typed: JsonObject = {},
) {
  const output = made(
    Object.fromEntries(Object.entries(types).map(([name, type]) => [name, property(type, {})])),
  )
  const nameOf = (source: string) => source.slice(3, -2)
  return convertOutput(output, {
    text: ({ source }) => written[nameOf(source)] ?? '',
    value: ({ source }) => typed[nameOf(source)],
  })
}

function made(properties: Record<string, PlannedProperty>): PlannedOutput {
  const named = Object.entries(properties).map(
    ([name, each]) => [name, { ...each, value: parseTemplate(`{{.${name}}}`) }] as const,
  )
  return { properties: new Map(named), required: [] }
}

function property(
  type: PlannedProperty['type'],
  { source = '{{.x}}', default: value }: { source?: string; default?: Json },
): PlannedProperty {
  return {
    type,
    description: 'd',
    value: parseTemplate(source),
    properties: undefined,
    default: value,
  }
}
