import { Visitor, parseSync } from 'oxc-parser'

/** One reference from a file to another module. */
export interface Reference {
  /** As written: `./x.ts`, `node:fs`, `zod`. */
  specifier: string
  /** From 1. */
  line: number
  /** `import` also stands for `import type` and `import()`; `helper` is a script named by `new URL('./x.ts', import.meta.url)`. */
  kind: 'import' | 'reexport' | 'reexport-all' | 'helper'
}

/** A source file, read as far as its imports. */
export interface SourceFile {
  /** From the root of the repository, with `/`. */
  path: string
  references: readonly Reference[]
  /** True when it holds nothing but re-exports. */
  onlyReexports: boolean
}

/** Reads the imports of one TypeScript file. Throws an Error with the path for text that is no TypeScript. */
export function readSource(path: string, text: string): SourceFile {
  const { program, errors } = parseSync(path, text)
  if (errors.length > 0) throw new Error(`Cannot parse ${path}: ${errors[0]?.message}`)
  const references: Reference[] = []
  const add = (kind: Reference['kind'], source: { value: unknown; start: number }): void => {
    references.push({ kind, specifier: String(source.value), line: lineAt(text, source.start) })
  }
  new Visitor({
    ImportDeclaration: (node) => add('import', node.source),
    ImportExpression: (node) => node.source.type === 'Literal' && add('import', node.source),
    TSImportType: (node) => add('import', node.source),
    ExportAllDeclaration: (node) => add('reexport-all', node.source),
    ExportNamedDeclaration: (node) => node.source && add('reexport', node.source),
    NewExpression(node) {
      const [path, base] = node.arguments
      const isUrl = node.callee.type === 'Identifier' && node.callee.name === 'URL'
      const isScript = path?.type === 'Literal' && /^\.{1,2}\/.*\.ts$/.test(String(path.value))
      if (isUrl && isScript && base?.type === 'MemberExpression') add('helper', path)
    },
  }).visit(program)
  const onlyReexports =
    program.body.length > 0 &&
    program.body.every((s) => s.type.startsWith('Export') && 'source' in s && s.source !== null)
  return { path, references, onlyReexports }
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}
