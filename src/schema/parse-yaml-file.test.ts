import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseYamlDocuments, parseYamlFile } from './parse-yaml-file.ts'
import { renderProblem } from './problem.ts'

const parse = (text: string | Uint8Array) => parseYamlFile(text, 'f')
const messages = (text: string | Uint8Array) => parse(text).problems.map(renderProblem)

describe('parseYamlFile', () => {
  it('reads YAML and JSON, BOM and CRLF included', () => {
    assert.deepEqual(parse('a: 1\r\nb: [x]\r\n').document?.value, { a: 1, b: ['x'] })
    assert.deepEqual(parse(Buffer.from('\uFEFFa: 1\n')).document?.value, { a: 1 })
    assert.deepEqual(parse('{\n\t"a": {\n\t\t"b": null }\n}').document?.value, { a: { b: null } })
  })

  it('follows anchors and merge keys, and knows where merged values stand', () => {
    const { document } = parse('base: &b\n  x: 1\n  y: 2\nuse:\n  <<: *b\n  y: 3\n')
    assert.deepEqual(document?.value, { base: { x: 1, y: 2 }, use: { x: 1, y: 3 } })
    assert.deepEqual(document?.positionOf(['use', 'x']), { line: 2, column: 6 })
    assert.deepEqual(document?.positionOf(['use', 'y']), { line: 6, column: 6 })
    assert.deepEqual(document?.keyPositionOf(['use', 'y']), { line: 6, column: 3 })
  })

  it('gives the nearest position for what is not there', () => {
    const { document } = parse('a:\n  b: 1\nc:\n')
    assert.deepEqual(document?.positionOf(['a', 'nope']), { line: 2, column: 3 })
    assert.deepEqual(document?.positionOf(['c']), { line: 3, column: 1 })
    assert.deepEqual(document?.positionOf(['c', 'd']), { line: 3, column: 1 })
    assert.deepEqual(document?.positionOf(['nope']), { line: 1, column: 1 })
  })

  it('names what is wrong, with its position', () => {
    const table: [string | Uint8Array, string[]][] = [
      ['', ['f:1:1: is empty (`thv vmcp init` writes a file to start from)']],
      ['# only a comment\n', ['f:1:1: is empty (`thv vmcp init` writes a file to start from)']],
      ['- a\n- b\n', ['f:1:1: must hold a map of settings, not a list']],
      ['hello', ['f:1:1: must hold a map of settings, not a single value']],
      [
        'a: 1\nb:\n  c: 1\n  c: 2\n',
        ['f:4:3: this key is there twice in one map (remove one of the two)'],
      ],
      [
        'a:\n\tb: 1\n',
        ['f:2:1: is not valid YAML: tabs are not allowed as indentation (use blanks)'],
      ],
      [
        'a: b: c\n',
        [
          'f:1:4: is not valid YAML: nested mappings are not allowed in compact mappings (quote text that contains ": ")',
        ],
      ],
      [
        'a:\n  b: [x\nc: [y]\n',
        ['f:2:6: is not valid YAML: the "[" that opens here is never closed (add "]")'],
      ],
      [
        'a: [x, {y: z\nc: 1\n',
        [
          'f:1:4: is not valid YAML: the "[" that opens here is never closed (add "]")',
          'f:1:8: is not valid YAML: the "{" that opens here is never closed (add "}")',
        ],
      ],
      [
        'a: [x}\nc: 1\n',
        ['f:1:4: is not valid YAML: the "[" that opens here is never closed (add "]")'],
      ],
      [
        "a:\n  b: ['x]\n  c: 1\n  d: 2\n",
        [
          "f:2:7: is not valid YAML: the quote ' that opens here is never closed (add ' where the text ends)",
        ],
      ],
      [
        'a: "x\n',
        [
          'f:1:4: is not valid YAML: the quote " that opens here is never closed (add " where the text ends)',
        ],
      ],
      [
        'a: "x\n  b: "y"\n',
        [
          'f:2:7: is not valid YAML: unexpected scalar at node end (the quote that opens at 1:4 closes only here; is one missing above?)',
        ],
      ],
      ['a: *nope\n', ['f:1:4: nothing is anchored as &nope']],
      ['a: &x [*x]\n', ['f:1:8: this lies inside of &x']],
      ['a: !env X\n', ['f:1:4: tags are not supported: Unresolved tag: !env (remove the tag)']],
      ['a: 1\n---\nb: 2\n', ['f:2:1: a second document begins here (keep one document per file)']],
      ['a: {__proto__: {b: 1}}\n', ['f:1:5: the key "__proto__" is not allowed']],
      ['? [1]\n: 2\n', ['f:1:3: a key must be text, not a list, a map or an alias']],
      [
        Buffer.from([0x61, 0x3a, 0x20, 0x31, 0x0a, 0x62, 0xff, 0x0a]),
        ['f:2:2: is not UTF-8: byte 0xff at offset 6 (save the file as UTF-8)'],
      ],
      [
        Buffer.from([0x61, 0x3a, 0x20, 0xc3, 0x28]),
        ['f:1:4: is not UTF-8: byte 0xc3 at offset 3 (save the file as UTF-8)'],
      ],
    ]
    for (const [text, wanted] of table) assert.deepEqual(messages(text), wanted, String(text))
  })

  it('survives nesting and aliases made to blow up', () => {
    assert.ok(messages(`a: ${'['.repeat(50_000)}`).length > 0)
    const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x]']
    for (let i = 1; i < 9; i++) bomb.push(`a${i}: &a${i} [${`*a${i - 1}, `.repeat(9)}]`)
    assert.deepEqual(messages(bomb.join('\n')), ['f:1:1: has too many aliases'])
  })

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const { document, problems } = parse(bytes)
        assert.ok(document !== undefined || problems.length > 0)
      }),
      { numRuns: 500 },
    )
    const yamlish = fc.array(
      fc.constantFrom(
        'a',
        ': ',
        '\n',
        '  ',
        '- ',
        '{',
        '}',
        '[',
        ']',
        '"',
        '&x',
        '*x',
        '<<',
        '|',
        '\t',
        '!',
        ',',
        '?',
        '#',
      ),
    )
    fc.assert(
      fc.property(yamlish, (parts) => {
        const { document, problems } = parse(parts.join(''))
        assert.ok(document !== undefined || problems.length > 0)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('parseYamlDocuments', () => {
  it('reads every document of a file, each with its positions', () => {
    const parsed = parseYamlDocuments('a: 1\n---\nb:\n  c: x\n---\n# empty\n...\n', 'f')
    assert.deepEqual(
      parsed.map(({ document }) => document?.value),
      [{ a: 1 }, { b: { c: 'x' } }],
    )
    assert.deepEqual(parsed[1]?.document?.positionOf(['b', 'c']), { line: 4, column: 6 })
  })

  it('keeps the mistakes of one document away from the others', () => {
    const parsed = parseYamlDocuments('a: [\n---\nb: 1\n---\n- x\n', 'f')
    assert.deepEqual(
      parsed.map(({ document, problems }) => [document?.value, problems.length > 0]),
      [
        [undefined, true],
        [{ b: 1 }, false],
        [undefined, true],
      ],
    )
  })

  it('says what keeps a file from being read', () => {
    const [parsed] = parseYamlDocuments(new Uint8Array([0xff]), 'f')
    assert.match(parsed?.problems[0]?.reason ?? '', /not UTF-8/)
    assert.deepEqual(parseYamlDocuments('', 'f'), [])
  })
})

describe('positionIn', () => {
  it('finds a place inside of a text, through an alias too', () => {
    const yaml = "a: &t 'it''s X'\nb: *t\nc: |\n  one\n  two X\nd: 7\n"
    const { document } = parseYamlFile(yaml, 'f')
    assert.ok(document)
    assert.deepEqual(document.positionIn(['a'], 5), { line: 1, column: 14 })
    assert.deepEqual(document.positionIn(['b'], 5), { line: 1, column: 14 })
    assert.deepEqual(document.positionIn(['c'], 8), { line: 5, column: 7 })
    assert.deepEqual(document.positionIn(['d'], 0), { line: 6, column: 4 })
    assert.deepEqual(document.positionIn(['none'], 3), { line: 1, column: 1 })
  })
})
