import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isAppError } from '../base/errors.ts'
import { parseTemplate, tryParseTemplate } from './template.ts'

const mistakes: readonly (readonly [
  source: string,
  line: number,
  column: number,
  reason: RegExp,
])[] = [
  ['{{', 1, 3, /not closed/],
  ['a\nb {{.x', 2, 7, /not closed/],
  ['{{if}}x{{end}}', 1, 5, /lacks a value/],
  ['x\n{{if .a}}', 2, 10, /ends before/],
  ['{{end}}', 1, 3, /closes nothing/],
  ['{{if .a}}{{else}}{{else}}{{end}}', 1, 20, /second/],
  ['{{nope .a}}', 1, 3, /"nope" does not exist/],
  ['{{$x}}', 1, 3, /\$x is not defined/],
  ['{{if .a}}{{$x := 1}}{{end}}{{$x}}', 1, 30, /\$x is not defined/],
  ['{{break}}', 1, 3, /outside of/],
  ['{{range .a}}{{block "b" .}}{{continue}}{{end}}{{end}}', 1, 30, /outside of/],
  ['{{1i}}', 1, 3, /imaginary/],
  ['{{"a}}', 1, 3, /not closed/],
  ['{{1 | 2}}', 1, 7, /not a function/],
  ["{{'ab'}}", 1, 3, /more than one/],
  ['{{define "a"}}x{{end}}{{define "a"}}y{{end}}', 1, 32, /twice/],
  ['{{/* a }}', 1, 3, /comment/],
  ['😀{{.a,}}', 1, 7, /unexpected ","/],
]

describe('parseTemplate', () => {
  for (const [source, line, column, reason] of mistakes) {
    it(`says what is wrong with ${JSON.stringify(source)}, and where`, () => {
      const result = tryParseTemplate(source)
      assert.ok(!result.ok)
      assert.match(result.reason, reason)
      assert.deepEqual([result.line, result.column], [line, column])
    })
  }

  it('throws the place and the reason', () => {
    assert.throws(
      () => parseTemplate('\n{{nope}}'),
      (error) =>
        isAppError(error, 'TEMPLATE_SYNTAX') &&
        error.details['line'] === 2 &&
        error.details['column'] === 3 &&
        error.message.includes('nope'),
    )
  })

  it('gives up on deep nesting instead of overflowing the stack', () => {
    const deep = 10_000
    for (const source of [
      `{{${'('.repeat(deep)}1${')'.repeat(deep)}}}`,
      '{{if 1}}'.repeat(deep),
      '{{block "a" .}}'.repeat(deep),
      `{{if 1}}${'{{else if 1}}'.repeat(deep)}{{end}}`,
    ]) {
      const result = tryParseTemplate(source)
      assert.ok(!result.ok)
      assert.match(result.reason, /nested/)
    }
  })

  it('keeps what define and block define', () => {
    const { definitions } = parseTemplate('{{define "a"}}1{{end}}{{block `b` .}}2{{end}}')
    assert.deepEqual([...definitions.keys()], ['a', 'b'])
  })

  it('throws nothing but a mistake with its place', () => {
    const word = fc.constantFrom(
      ...'{{ }} {{- -}} if else end range with define block template break continue nil . .a .a.b $ $x := = , | ( ) "a" `b` \'c\' 1 -1.5 0x1F 1i print len /* */'.split(
        ' ',
      ),
      '\n',
      '😀',
      '\ud800',
      '"\\xff"',
    )
    const source = fc.oneof(
      fc.array(word, { maxLength: 30 }).map((words) => words.join(' ')),
      fc.array(word, { maxLength: 30 }).map((words) => `{{${words.join(' ')}}}`),
      fc.string({ unit: 'binary' }),
    )
    fc.assert(
      fc.property(source, (text) => {
        const result = tryParseTemplate(text)
        if (result.ok) return
        assert.ok(result.line >= 1 && result.line <= text.split('\n').length)
        assert.ok(result.column >= 1 && result.column <= text.length + 1)
      }),
      { numRuns: 500 },
    )
  })
})
