import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { z } from 'zod'
import { checkWithSchema } from './check-with-schema.ts'
import { crossCheck } from './cross-check.ts'
import { count, duration, durationOrBlock, headerMap, httpUrl, mapOf, text } from './fields.ts'
import { parseYamlFile } from './parse-yaml-file.ts'
import { renderProblem } from './problem.ts'

const schema = z.strictObject({
  name: text('name').optional(),
  wait: duration('wait', 'positive').optional(),
  refill: durationOrBlock('refill').optional(),
  url: httpUrl('url').optional(),
  size: count('size', 1, 10).optional(),
  mode: z.enum(['fast', 'careful']).optional(),
  on: z.boolean().optional(),
  list: z.array(z.string()).min(1).max(2).optional(),
  env: mapOf(z.string(), 'env').optional(),
  headers: headerMap('headers').optional(),
  ratio: z.union([z.string(), z.number()]).optional(),
  inner: crossCheck(
    z.strictObject({
      low: z.number(),
      high: z.number(),
      deep: z.strictObject({ only: z.string() }).optional(),
    }),
    (block, report) => {
      if (Number(block.low) > Number(block.high)) report(['low'], 'is above high', 'swap them')
    },
  ).optional(),
})

function check(yaml: string) {
  const { document } = parseYamlFile(yaml, 'f')
  assert.ok(document)
  return checkWithSchema(schema, document)
}

function messages(yaml: string): string[] {
  const checked = check(yaml)
  return checked.ok ? [] : checked.problems.map(renderProblem)
}

describe('checkWithSchema', () => {
  it('guesses a choice from a part of it', () => {
    const transport = z.strictObject({ transport: z.enum(['streamable-http', 'sse', 'stdio']) })
    const { document } = parseYamlFile('transport: http\n', 'f')
    assert.ok(document)
    const checked = checkWithSchema(transport, document)
    assert.ok(!checked.ok)
    assert.match(
      checked.problems.map(renderProblem).join(),
      /not "http" \(did you mean "streamable-http"\?\)$/,
    )
  })

  it('guesses no place for a key that stands in several', () => {
    const both = z.strictObject({
      one: z.strictObject({ enabled: z.boolean() }).optional(),
      two: z.strictObject({ enabled: z.boolean() }).optional(),
    })
    const { document } = parseYamlFile('enabled: true\n', 'f')
    assert.ok(document)
    const checked = checkWithSchema(both, document)
    assert.ok(!checked.ok)
    assert.deepEqual(checked.problems.map(renderProblem), [
      'f:1:1 enabled: is not a known key (known keys: one, two)',
    ])
  })

  it('gives the value', () => {
    const checked = check('name: x\nwait: 1m\nrefill: { duration: 2s }\nheaders: { X-Y: z }\n')
    assert.ok(checked.ok)
    assert.deepEqual(
      { ...checked.value, headers: { ...checked.value.headers } },
      {
        name: 'x',
        wait: 60_000,
        refill: 2000,
        headers: { 'x-y': 'z' },
      },
    )
  })

  it('takes scalars as text as they are written, and empty values as absent', () => {
    const checked = check('name: 1.10\nenv: { PORT: 8080, ON: yes, T: true }\nwait:\ninner: ~\n')
    assert.ok(checked.ok)
    assert.equal(checked.value.name, '1.10')
    assert.deepEqual({ ...checked.value.env }, { PORT: '8080', ON: 'yes', T: 'true' })
    assert.ok(!('wait' in checked.value))
  })

  it('explains each kind of mistake', () => {
    const table: [string, string][] = [
      ['nme: x', 'f:1:1 nme: is not a known key (did you mean "name"?)'],
      ['only: x', 'f:1:1 only: is not a known key (it belongs in inner.deep)'],
      [
        'zzzzzzzz: x',
        'f:1:1 zzzzzzzz: is not a known key (known keys: env, headers, inner, list, mode, name, on, ratio, refill, size, url, wait)',
      ],
      ['name: ""', 'f:1:7 name: must not be empty'],
      ['name: [a]', 'f:1:7 name: must be text, not a list'],
      [
        'wait: 5',
        'f:1:7 wait: must be a duration (5 has no unit) (write for example 30s, 5m or 1h30m)',
      ],
      [
        'wait: 5x',
        'f:1:7 wait: must be a duration, but "5x" has the unknown unit "x" (write for example 30s, 5m or 1h30m)',
      ],
      ['wait: "0"', 'f:1:7 wait: must be longer than 0, not "0"'],
      ['refill: -1s', 'f:1:9 refill: must not be negative, not "-1s"'],
      ['url: ftp://x', 'f:1:6 url: must be an http:// or https:// URL'],
      ['size: 0', 'f:1:7 size: must be at least 1, not 0'],
      ['size: 11', 'f:1:7 size: must be at most 10, not 11'],
      ['size: 1.5', 'f:1:7 size: must be a whole number, not 1.5'],
      ['mode: fats', 'f:1:7 mode: must be one of fast, careful, not "fats" (did you mean "fast"?)'],
      ['on: yes', 'f:1:5 on: must be true or false, not "yes" (write true)'],
      ['list: a', 'f:1:7 list: must be a list, not "a" (write [a])'],
      ['list: []', 'f:1:7 list: must have at least 1 item'],
      ['list: [a, b, c]', 'f:1:7 list: must have at most 2 items'],
      ['list: [a, {}]', 'f:1:11 list[1]: must be text, not a map'],
      ['headers: { "a b": c }', 'f:1:12 headers["a b"]: "a b" is not allowed as a name'],
      ['ratio: true', 'f:1:8 ratio: must be text or a number, not true'],
      ['inner: { low: 1 }', 'f:1:8 inner.high: is required'],
      ['inner: { low: 2, high: 1 }', 'f:1:15 inner.low: is above high (swap them)'],
    ]
    for (const [yaml, wanted] of table) assert.deepEqual(messages(yaml), [wanted], yaml)
  })

  it('reports everything at once, in the order of the file', () => {
    assert.deepEqual(messages('size: 0\ninner:\n  low: 5\n  high: 1\n  x: 1\nmode: x\n'), [
      'f:1:7 size: must be at least 1, not 0',
      'f:3:8 inner.low: is above high (swap them)',
      'f:5:3 inner.x: is not a known key (known keys: deep, high, low)',
      'f:6:7 mode: must be one of fast, careful, not "x"',
    ])
  })

  it('keeps maps free of inherited names', () => {
    const checked = check('env: { constructor: a }\n')
    assert.ok(checked.ok && checked.value.env)
    assert.equal(checked.value.env['toString'], undefined)
    assert.equal(checked.value.env['constructor'], 'a')
  })

  it('keeps line breaks of a value out of the message', () => {
    const [message] = messages('mode: "a\\nb"')
    assert.equal(message, 'f:1:7 mode: must be one of fast, careful, not "a\\nb"')
  })
})
