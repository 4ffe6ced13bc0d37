import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { referencesOf } from './references.ts'
import { parseTemplate } from './template.ts'

/** `a.b` for a path, `a.b?` for somewhere below it. */
function pathsOf(source: string): string[] {
  const references = referencesOf(parseTemplate(source))
  return references.map(({ path, dynamic }) => path.join('.') + (dynamic ? '?' : ''))
}

const cases: readonly (readonly [source: string, ...paths: string[]])[] = [
  ['no reference'],
  ['{{.a.b}} and {{$.c}}', 'a.b', 'c'],
  ['{{json .}}', ''],
  ['{{if eq .a "x"}}{{.b}}{{else if .c}}{{.d}}{{end}}', 'a', 'b', 'c', 'd'],
  ['{{(index .steps "a").output.x}}', 'steps.a.output.x'],
  ['{{index .steps "a" "output" | json}}', 'steps.a.output'],
  ['{{"a" | index .steps | json}}', 'steps?'],
  ['{{index .steps .name}}', 'steps?', 'name'],
  [
    '{{with .steps.a.output}}{{.x}}{{$.y}}{{else}}{{.z}}{{end}}',
    'steps.a.output',
    'steps.a.output.x',
    'y',
    'z',
  ],
  ['{{with or .a .b}}{{.c}}{{end}}', 'a', 'b', 'a', 'b', 'a.c', 'b.c'],
  ['{{range .list}}{{.name}}{{$.x}}{{end}}', 'list', 'list?', 'x'],
  ['{{range $i, $e := .list}}{{$i}}{{$e.name}}{{end}}', 'list', 'list?'],
  ['{{$s := .steps.a}}{{$s.output}}', 'steps.a', 'steps.a.output'],
  ['{{$x := .a}}{{if .c}}{{$x = .b}}{{end}}{{$x.f}}', 'a', 'c', 'b', 'a.f', 'b.f'],
  ['{{$x := .a}}{{range .l}}{{$x.f}}{{$x = $.b}}{{end}}', 'a', 'l', 'a.f', 'b.f', 'b'],
  ['{{define "t"}}{{.x}}{{$.y}}{{end}}{{template "t" .a}}', 'a.x', 'a.y'],
  ['{{define "t"}}{{.v}}{{template "t" .next}}{{end}}{{template "t" .a}}', 'a.v', 'a.next?'],
  ['{{block "b" .a}}{{.x}}{{end}}', 'a.x'],
  ['{{with fromJson .text}}{{.field}}{{end}}', 'text'],
  ['{{print .a (len .b) | printf "%s %v" .c}}', 'a', 'b', 'c'],
  ['{{(.a).b}}', 'a.b'],
  ['{{slice .list 1 2}}', 'list', 'list?'],
]

describe('referencesOf', () => {
  for (const [source, ...paths] of cases) {
    it(`finds what ${source} reads`, () => {
      assert.deepEqual(pathsOf(source).toSorted(), paths.toSorted())
    })
  }

  it('says where', () => {
    assert.deepEqual(referencesOf(parseTemplate('x\n {{.a.b}}')), [
      { path: ['a', 'b'], dynamic: false, line: 2, column: 4 },
    ])
  })

  it('ends for definitions that call each other many times', () => {
    const source = Array.from(
      { length: 100 },
      (_, i) => `{{define "t${i}"}}{{template "t${i + 1}" .a}}{{template "t${i + 1}" .b}}{{end}}`,
    )
    const references = referencesOf(parseTemplate(`${source.join('')}{{template "t0" .}}`))
    assert.ok(references.length < 100_000)
  })
})
