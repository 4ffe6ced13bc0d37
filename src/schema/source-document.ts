import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Document,
  type LineCounter,
  type Node,
} from 'yaml'
import { scalarOffsets, type ScalarStyle } from './scalar-offsets.ts'

/** A position in a file, from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** A parsed YAML or JSON file that still knows where everything stands. */
export interface SourceDocument {
  readonly file: string
  /** Plain values; every map is a plain object whose keys are text. */
  readonly value: unknown
  /** Where the value at `path` stands; the nearest thing above it when it is not there. */
  positionOf(path: readonly PropertyKey[]): Position
  /** Where the key of the value at `path` stands. */
  keyPositionOf(path: readonly PropertyKey[]): Position
  /** Where in the file the text at `path` goes on after `offset` UTF-16 units of it. */
  positionIn(path: readonly PropertyKey[], offset: number): Position
  /** The text of a scalar as written, without quotes: `1.10`, `yes`. */
  sourceOf(path: readonly PropertyKey[]): string | undefined
}

/** Wraps a document parsed from `text`. `value` is what the document says, already converted. */
export function createSourceDocument(
  file: string,
  text: string,
  document: Document,
  lines: LineCounter,
  value: unknown,
): SourceDocument {
  const at = (offset: number | undefined): Position => {
    if (offset === undefined) return { line: 1, column: 1 }
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const find = (path: readonly PropertyKey[]) => findNode(document, path)
  return {
    file,
    value,
    positionOf(path) {
      const found = find(path)
      return at(startOf(found.value) ?? startOf(found.key) ?? startOf(found.above))
    },
    keyPositionOf(path) {
      const found = find(path)
      return at(startOf(found.key) ?? startOf(found.value) ?? startOf(found.above))
    },
    positionIn(path, offset) {
      const node = resolve(document, find(path).value)
      const [start, end] = isScalar(node) ? (node.range ?? []) : []
      if (!isScalar(node) || start === undefined || typeof node.value !== 'string') {
        return this.positionOf(path)
      }
      const style = isStyle(node.type) ? node.type : 'PLAIN'
      const offsets = scalarOffsets(text.slice(start, end), node.value, style)
      return at(start + (offsets[offset] ?? 0))
    },
    sourceOf(path) {
      const { value: node } = find(path)
      return isScalar(node) ? (node.source ?? String(node.value)) : undefined
    },
  }
}

const STYLES: readonly unknown[] = [
  'PLAIN',
  'QUOTE_SINGLE',
  'QUOTE_DOUBLE',
  'BLOCK_LITERAL',
  'BLOCK_FOLDED',
] satisfies ScalarStyle[]

function isStyle(type: unknown): type is ScalarStyle {
  return STYLES.includes(type)
}

interface Found {
  key?: unknown
  value?: unknown
  above?: unknown
}

function findNode(document: Document, path: readonly PropertyKey[]): Found {
  let found: Found = { value: document.contents, above: document.contents }
  for (const part of path) {
    const parent = resolve(document, found.value)
    const next = isMap(parent) || isSeq(parent) ? childOf(document, parent, part) : undefined
    if (!next) return { above: startOf(found.value) === undefined ? found.key : found.value }
    found = { ...next, above: found.value }
  }
  return found
}

function childOf(document: Document, parent: Node, part: PropertyKey): Found | undefined {
  if (isSeq(parent)) {
    const item = parent.items[Number(part)]
    return item === undefined ? undefined : { value: item }
  }
  if (!isMap(parent)) return undefined
  let merged: Found | undefined
  for (const pair of parent.items) {
    if (!isPair(pair)) continue
    const name = keyText(pair.key)
    if (name === String(part)) return { key: pair.key, value: pair.value }
    if (name === '<<') merged ??= mergedChild(document, pair.value, part)
  }
  return merged
}

function mergedChild(document: Document, source: unknown, part: PropertyKey): Found | undefined {
  const node = resolve(document, source)
  if (isMap(node)) return childOf(document, node, part)
  if (!isSeq(node)) return undefined
  for (const item of node.items) {
    const found = mergedChild(document, item, part)
    if (found) return found
  }
  return undefined
}

/** The text of a map's key as a plain object has it. */
export function keyText(key: unknown): string {
  if (!isScalar(key)) return String(key)
  const { value } = key
  // The merge key's value is a symbol.
  if (typeof value === 'symbol') return value.description ?? ''
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return typeof value === 'string' ? value : ''
}

function resolve(document: Document, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node
}

function startOf(node: unknown): number | undefined {
  const range = (node as { range?: [number, number, number] | null } | null | undefined)?.range
  if (!range) return undefined
  const empty = isScalar(node) && node.value === null && range[0] === range[1]
  return empty ? undefined : range[0]
}
