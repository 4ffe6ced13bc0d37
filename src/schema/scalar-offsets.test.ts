import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isScalar, parseDocument, Scalar } from 'yaml'
import { scalarOffsets, type ScalarStyle } from './scalar-offsets.ts'

const STYLES = [
  'PLAIN',
  'QUOTE_SINGLE',
  'QUOTE_DOUBLE',
  'BLOCK_LITERAL',
  'BLOCK_FOLDED',
] satisfies ScalarStyle[]

describe('scalarOffsets', () => {
  const cases: [title: string, yaml: string, marked: string][] = [
    ['plain text', 'a: one X two', 'X'],
    ['plain text over two lines', 'a: one\n  two X', 'X'],
    ['single quotes with quotes in them', "a: 'it''s X'", 'X'],
    ['double quotes with escapes', 'a: "\\t\\x41\\u0041\\U0001F600\\"\\\\ X"', 'X'],
    ['double quotes with an escaped line break', 'a: "one\\\n   two X"', 'X'],
    ['an escaped line break with a blank line behind it', 'a: "one\\\n\n   two X"', 'X'],
    ['double quotes with blank lines', 'a: "one\n\n\n   two X"', 'X'],
    ['a literal block', 'a: |\n  one\n    two X\n', 'X'],
    [
      'a literal block with a comment, an indicator and blank lines',
      'a: |1-  # c\n   one\n\n  X\n',
      'X',
    ],
    ['a literal block that begins with blank lines', 'a: |\n\n\n    one\n    X', 'X'],
    ['a literal block with CRLF', 'a: |\r\n  one\r\n  two X\r\n', 'X'],
    ['a folded block', 'a: >\n  one\n  two X\n', 'X'],
    [
      'a folded block with blank and indented lines',
      'a: >+\n  one\n\n\n  two\n    three\n   four\n  X\n\n',
      'X',
    ],
    ['a block deep in the file', 'b:\n  - c:\n      a: |\n         one\n          X\n', 'X'],
  ]
  for (const [title, yaml, marked] of cases) {
    it(`finds a place in ${title}`, () => {
      const scalar = textOf(yaml)
      const value = String(scalar.value)
      const [start] = scalar.range ?? [0]
      const offsets = scalarOffsets(sourceOf(scalar, yaml), value, scalar.type as ScalarStyle)
      assert.equal(start + offsets[value.indexOf(marked)]!, yaml.indexOf(marked))
    })
  }

  it('points at the same character in the source, whatever the text and style', () => {
    const texts = fc.array(
      fc.constantFrom('a', 'B', ' ', '  ', '\n', "'", '"', '\\', '{{', '.x', 'é', '😀', '\t'),
      {
        maxLength: 30,
      },
    )
    fc.assert(
      fc.property(texts, fc.constantFrom(...STYLES), fc.boolean(), (parts, style, nested) => {
        const node = new Scalar(parts.join(''))
        node.type = style
        const source = parseDocument('a: 1')
        source.set('a', nested ? source.createNode({ b: [node] }) : node)
        const yaml = source.toString({ lineWidth: 20 })
        const scalar = textOf(yaml)
        const value = String(scalar.value)
        const [start] = scalar.range ?? [0]
        const offsets = scalarOffsets(sourceOf(scalar, yaml), value, scalar.type as ScalarStyle)
        assert.equal(offsets.length, value.length + 1)
        for (const [index, offset] of offsets.slice(0, -1).entries()) {
          const c = value[index]!
          if (/[ \n\t"'\\]/.test(c)) continue
          const there = yaml[start + offset]!
          assert.ok(
            there === c || there === '\\',
            `${JSON.stringify(yaml)} ${index}: ${there} is not ${c}`,
          )
        }
        for (const [index, offset] of offsets.slice(1).entries())
          assert.ok(offset >= offsets[index]!)
      }),
      { numRuns: 1000 },
    )
  })
})

/** The one text in the file that is longest. */
function textOf(yaml: string): Scalar {
  let found: Scalar | undefined
  const walk = (node: unknown): void => {
    if (isScalar(node)) found = node
    else if (typeof node === 'object' && node !== null && 'items' in node) {
      for (const item of node.items as unknown[]) walk(hasValue(item) ? item.value : item)
    }
  }
  walk(parseDocument(yaml).contents)
  assert.ok(found)
  return found
}

function hasValue(item: unknown): item is { value: unknown } {
  return typeof item === 'object' && item !== null && 'key' in item && 'value' in item
}

function sourceOf(scalar: Scalar, yaml: string): string {
  const [start, end] = scalar.range ?? [0, 0]
  return yaml.slice(start, end)
}
