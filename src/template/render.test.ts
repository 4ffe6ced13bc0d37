import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isAppError } from '../base/errors.ts'
import { parseJson } from '../base/parse-json.ts'
import type { RenderLimits } from './limits.ts'
import { evaluateExpression, isSingleExpression, renderTemplate } from './render.ts'
import { parseTemplate, tryParseTemplate } from './template.ts'
import type { TemplateData } from './values.ts'

function render(source: string, data: TemplateData = null, limits?: RenderLimits): string {
  return renderTemplate(parseTemplate(source), data, limits)
}

function dataOf(json: string): TemplateData {
  return parseJson(json) as TemplateData
}

describe('renderTemplate', () => {
  it('6.4 (weak there): writes every whole number with all its digits', () => {
    const data = dataOf(
      '{"a":1234567,"b":12345678901234567890,"c":1e21,"d":-5.0,"e":9007199254740993}',
    )
    assert.equal(
      render('{{.a}} {{.b}} {{.c}} {{.d}} {{.e}}', data),
      '1234567 12345678901234567890 1000000000000000000000 -5 9007199254740993',
    )
    assert.equal(render('{{json .b}} {{json .}}', data).startsWith('12345678901234567890 {'), true)
  })

  it('takes bigint as data', () => {
    assert.equal(
      render('{{.}} {{json .}} {{eq . 12345678901234567890}}', 12345678901234567890n),
      '12345678901234567890 12345678901234567890 true',
    )
  })

  it('6.4 (weak there): compares numbers by value', () => {
    const data = dataOf('{"n":5,"f":5.5,"big":12345678901234567890,"more":12345678901234567891}')
    assert.equal(
      render('{{eq .n 5}} {{eq .n 5.0}} {{lt .n .f}} {{gt .f 5}}', data),
      'true true true true',
    )
    assert.equal(render('{{eq .big .more}} {{lt .big .more}}', data), 'false true')
  })

  it('keeps decimals that no double holds', () => {
    const data = dataOf('{"d":0.12345678901234567890123,"e":1e400}')
    assert.equal(
      render('{{.d}} {{json .}}', data),
      '0.12345678901234567890123 {"d":0.12345678901234567890123,"e":1e400}',
    )
    assert.equal(render('{{gt .e 5}} {{eq .d .d}} {{if .d}}yes{{end}}', data), 'true true yes')
  })

  it('sees only what the data itself holds', () => {
    assert.equal(
      render('{{.constructor}} {{.toString}} {{index . "__proto__"}}', {}),
      '<no value> <no value> <no value>',
    )
    assert.equal(render('{{len .}} {{json .}} {{.a}}', { a: undefined }), '0 {} <no value>')
  })

  it('knows no addresses', () => {
    assert.equal(render('{{printf "%p %p" . 5}}', ['a']), '%!p([]interface {}=[a]) %!p(int=5)')
  })

  it('says where it cannot go on, and why', () => {
    assert.throws(
      () => render('a\n  {{.x.y.z}}', { x: { y: 5 } }),
      (error) =>
        isAppError(error, 'TEMPLATE_FAILED') &&
        error.details['line'] === 2 &&
        error.details['column'] === 5 &&
        error.message.includes('field z'),
    )
  })

  it('6.4: writes 10 MB at most', () => {
    const megabytes = (count: number): string =>
      render(`{{$x := printf "%1000000d" 1}}{{range ${count}}}{{$x}}{{end}}`)
    assert.equal(megabytes(10).length, 10_000_000)
    assert.throws(
      () => megabytes(11),
      (error) => isAppError(error, 'TEMPLATE_TOO_LARGE'),
    )
  })

  it('ends at the limit of what it writes', () => {
    const limits = { maxOutputBytes: 100 }
    assert.equal(render('{{range 10}}0123456789{{end}}', null, limits).length, 100)
    for (const source of [
      '{{range 11}}0123456789{{end}}',
      '{{range 34}}€{{end}}',
      '{{$x := "0123456789"}}{{range 100}}{{$x = print $x $x}}{{end}}',
      '{{printf "%1000000d" 5}}',
      '{{printf "%50d" .}}',
      '{{json .}}{{json .}}',
      '{{.}}{{.}}',
    ]) {
      const data = dataOf(`[${Array(40).fill(5).join()}]`)
      assert.throws(
        () => render(source, data, limits),
        (error) => isAppError(error, 'TEMPLATE_TOO_LARGE'),
        source,
      )
    }
  })

  it('ends at the limit of steps', () => {
    const loop = '{{range .}}{{range $}}{{range $}}{{range $}}{{end}}{{end}}{{end}}{{end}}'
    const bigText = '{{$x := printf "%1000000d" 1}}{{range 100000}}{{$y := len $x}}{{end}}'
    for (const source of [loop, bigText, '{{range 1000000000000000000}}{{end}}']) {
      assert.throws(
        () => render(source, Array(100).fill(0)),
        (error) => isAppError(error, 'TEMPLATE_TOO_LONG') && error.details['line'] === 1,
        source,
      )
    }
  })

  it('counts as steps what single functions do with large data', () => {
    const text = 'é'.repeat(100_000)
    const keys = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`k${i}`, i]))
    const bodies = [
      '{{if $.keys}}{{end}}',
      '{{$x := len $.keys}}',
      '{{range $.keys}}{{break}}{{end}}',
      '{{$x := json $.keys}}',
      '{{$x := print $.keys}}',
      '{{$x := slice $.text 0 2}}',
      '{{$x := index $.text 0}}',
      '{{if lt $.text $.other}}{{end}}',
      '{{$x := urlquery $.text}}',
      '{{$x := fromJson (quote $.text)}}',
      '{{$x := quote $.text}}',
      '{{$x := printf "%q" $.text}}',
    ]
    for (const body of bodies) {
      assert.throws(
        () =>
          render(
            `{{range 1000000}}${body}{{end}}`,
            { keys, text, other: `${text}x` },
            { maxSteps: 20_000 },
          ),
        (error) => isAppError(error, 'TEMPLATE_TOO_LONG'),
        body,
      )
    }
  })

  it('counts the bytes of half letters, and the digits of long numbers, for what they cost', () => {
    const half = 'é'.repeat(100_000)
    const long = parseJson(`0.${'7'.repeat(50_000)}`) as TemplateData
    const bodies = [
      '{{$x := slice $.half 1 | len}}',
      '{{$x := slice $.half 1 | print}}',
      '{{$x := slice $.half 1 | json}}',
      '{{$x := slice $.half 1 | printf "%s"}}',
      '{{$x := index (slice $.half 1) 7}}',
      '{{$x := lt (slice $.half 1) $.half}}',
      '{{$x := printf "%f" $.long}}',
    ]
    for (const body of bodies) {
      let rounds = 0
      const count = {
        get half() {
          rounds += 1
          return half
        },
        get long() {
          rounds += 1
          return long
        },
      }
      assert.throws(
        () => render(`{{range 1000000}}${body}{{end}}`, count),
        (error) => isAppError(error, 'TEMPLATE_TOO_LONG'),
        body,
      )
      assert.ok(rounds < 400, `${body}: ${rounds}`)
    }
  })

  it('cuts millions of letters in halves in one pass', () => {
    const text = '€é😀x'.repeat(200_000)
    const source =
      '{{$a := slice .a 1}}{{len $a}} {{$b := slice .a 0 1}}{{print $b $a | len}} {{eq (print $b $a) .a}}'
    assert.equal(
      render(source, { a: text }),
      `${(text.length / 5) * 10 - 1} ${(text.length / 5) * 10} true`,
    )
  })

  it('never overflows the stack', () => {
    const nested = '{{if 1}}'.repeat(150) + '{{template "t" .}}' + '{{end}}'.repeat(150)
    const parentheses = `${'(print '.repeat(150)}"a"${')'.repeat(150)}`
    for (const source of [
      '{{define "t"}}{{template "t" .}}{{end}}{{template "t" .}}',
      `{{define "t"}}${nested}{{end}}{{template "t" .}}`,
      `{{define "t"}}{{with ${parentheses}}}${nested}{{end}}{{end}}{{template "t" .}}`,
    ]) {
      assert.throws(
        () => render(source),
        (error) => isAppError(error, 'TEMPLATE_FAILED'),
      )
    }
    const deep = JSON.parse('['.repeat(50_000) + ']'.repeat(50_000)) as TemplateData
    for (const source of ['{{.}}', '{{json .}}', '{{printf "%d" .}}']) {
      assert.throws(
        () => render(source, deep),
        (error) => isAppError(error, 'TEMPLATE_FAILED') && error.message.includes('deep'),
      )
    }
    const text = `${'['.repeat(50_000)}12345678901234567890${']'.repeat(50_000)}`
    assert.throws(
      () => render('{{fromJson .}}', text),
      (error) => isAppError(error, 'TEMPLATE_FAILED'),
    )
  })

  it('renders text to itself', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        fc.pre(!text.includes('{{'))
        assert.equal(render(text), text)
      }),
    )
  })

  it('reads JSON back as it was', () => {
    const number = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }))
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom('null', 'true', 'false', '12345678901234567890', '-0.1234567890123456789'),
        number.map((n) => (Object.is(n, -0) ? 0 : n)).map((n) => JSON.stringify(n)),
        fc.string({ unit: 'grapheme' }).map((text) => JSON.stringify(text)),
        fc.array(tie('value')).map((items) => `[${items.join()}]`),
        fc.dictionary(fc.string({ unit: 'grapheme' }), tie('value')).map(
          (o) =>
            `{${Object.entries(o)
              .map(([k, v]) => `${JSON.stringify(k)}:${String(v)}`)
              .join()}}`,
        ),
      ),
    }))
    fc.assert(
      fc.property(value, (text) => {
        const data = dataOf(String(text))
        const again = evaluateExpression(parseTemplate('{{fromJson (json .)}}'), data)
        assert.deepEqual(JSON.parse(JSON.stringify(again)), JSON.parse(String(text)))
        assert.equal(render('{{json .}}', again), render('{{json .}}', data))
      }),
    )
  })

  it('throws nothing but errors of templates', () => {
    const operand = fc.constantFrom(
      ...'. $ .a .b.c .l .m .n .s .z nil 0 1 -2 3.5 "x" "%d" `%v %[2]*d` (len .l) (index .l 0) (.m) $.l'.split(
        ' ',
      ),
    )
    const call = fc.tuple(
      fc.constantFrom(
        ...'and or not eq ne lt le gt ge index slice len print printf println html js urlquery call json fromJson quote'.split(
          ' ',
        ),
      ),
      fc.array(operand, { maxLength: 4 }),
      fc.option(fc.constantFrom('json', 'len', 'printf "%q"', 'index .m', 'html')),
    )
    const action = call.map(
      ([name, args, pipe]) => `${name} ${args.join(' ')}${pipe === null ? '' : ` | ${pipe}`}`,
    )
    const piece = fc.oneof(
      action.map((text) => `{{${text}}}`),
      action.map((text) => `{{if ${text}}}a{{else}}b{{end}}`),
      action.map((text) => `{{with $x := ${text}}}{{$x}}{{.a}}{{end}}`),
      action.map((text) => `{{range $i, $e := ${text}}}{{$i}}{{.}}{{else}}-{{end}}`),
    )
    const data = dataOf(
      '{"a":5,"b":{"c":"text"},"l":[1,2.5,"é",null,[]],"m":{"k":{},"x":1},"n":null,"s":"<é&>"}',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 3 }), (pieces) => {
        const read = tryParseTemplate(pieces.join(''))
        if (!read.ok) return
        try {
          renderTemplate(read.template, data)
        } catch (error) {
          assert.ok(isAppError(error), String(error))
          assert.match(error.code, /^TEMPLATE_(FAILED|TOO_LARGE|TOO_LONG)$/)
        }
      }),
      { numRuns: 1000 },
    )
  })
})

describe('evaluateExpression', () => {
  const data = dataOf(
    '{"n":5,"big":12345678901234567890,"l":[1,"x"],"m":{"k":true},"nothing":null,"s":"5"}',
  )

  const cases: readonly (readonly [source: string, json: string | undefined])[] = [
    ['{{.n}}', '5'],
    ['{{.big}}', '12345678901234567890'],
    [' {{- .l -}} ', '[1,"x"]'],
    ['{{/* why */}}{{.m}}', '{"k":true}'],
    ['{{.nothing}}', 'null'],
    ['{{(.nothing)}}', 'null'],
    ['{{.missing}}', undefined],
    ['{{.s}}', '"5"'],
    ['{{json .n}}', '"5"'],
    ['{{eq .n 5}}', 'true'],
    ['{{len .l}}', '2'],
    ['{{index .l 0 | print}}', '"1"'],
    ['{{slice "é" 0 1}}', '"�"'],
  ]
  for (const [source, json] of cases) {
    it(`keeps the type of ${source}`, () => {
      const template = parseTemplate(source)
      assert.equal(isSingleExpression(template), true)
      assert.equal(JSON.stringify(evaluateExpression(template, data)), json)
    })
  }

  it('is for one expression only', () => {
    for (const source of ['', 'a', '{{.n}} ', '{{.n}}{{.n}}', '{{$x := .n}}', '{{if .n}}{{end}}']) {
      const template = parseTemplate(source)
      assert.equal(isSingleExpression(template), false)
      assert.throws(
        () => evaluateExpression(template, data),
        (error) => isAppError(error, 'TEMPLATE_FAILED'),
      )
    }
  })
})
