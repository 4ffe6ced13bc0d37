import { isAlias, isScalar, LineCounter, parseAllDocuments, parseDocument, visit } from 'yaml'
import type { Document, YAMLError } from 'yaml'
import { openedIn } from './opened-at.ts'
import { byPosition, type Problem } from './problem.ts'
import { createSourceDocument, keyText, type SourceDocument } from './source-document.ts'

/** What parsing found: the problems, and the document unless the text is too broken to go on. */
export interface ParsedFile {
  readonly document?: SourceDocument
  readonly problems: readonly Problem[]
}

const MAX_BYTES = 16 * 1024 * 1024

/**
 * Parses a YAML (or JSON) file that holds one map. Never throws: whatever the bytes, the answer is a document, problems
 * with positions, or both. Anchors and merge keys are followed; tags are refused.
 */
export function parseYamlFile(bytes: Uint8Array | string, file: string): ParsedFile {
  return parseBytes(bytes, file, (text) => {
    const lines = new LineCounter()
    return toParsed(parseDocument(text, { ...OPTIONS, lineCounter: lines }), lines, text, file)
  })
}

/** The same for a file of several documents, `---` between them; empty ones are left out. */
export function parseYamlDocuments(bytes: Uint8Array | string, file: string): ParsedFile[] {
  const all = parseBytes(bytes, file, (text): ParsedFile | ParsedFile[] => {
    const lines = new LineCounter()
    const documents = parseAllDocuments(text, { ...OPTIONS, lineCounter: lines })
    return [...documents]
      .filter((document) => document.errors.length > 0 || !isEmpty(document))
      .map((document) => toParsed(document, lines, text, file))
  })
  return Array.isArray(all) ? all : [all]
}

const OPTIONS = { merge: true, prettyErrors: false, logLevel: 'error' } as const

function parseBytes<Parsed>(
  bytes: Uint8Array | string,
  file: string,
  parse: (text: string) => Parsed,
): Parsed | ParsedFile {
  const decoded = typeof bytes === 'string' ? { text: bytes } : decodeUtf8(bytes, file)
  if ('problem' in decoded) return { problems: [decoded.problem] }
  try {
    return parse(decoded.text)
  } catch (error) {
    const reason = error instanceof RangeError ? 'is nested too deeply' : `cannot be read: ${error}`
    return { problems: [problemAt(file, 1, 1, reason)] }
  }
}

function isEmpty({ contents }: Document): boolean {
  return contents === null || (isScalar(contents) && contents.value === null)
}

function decodeUtf8(bytes: Uint8Array, file: string): { text: string } | { problem: Problem } {
  if (bytes.length > MAX_BYTES) {
    return { problem: problemAt(file, 1, 1, `is larger than ${MAX_BYTES} bytes`) }
  }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes) }
  } catch {
    const good = lengthOfGoodUtf8(bytes)
    const lines = new TextDecoder().decode(bytes.subarray(0, good)).split('\n')
    const column = (lines.at(-1)?.length ?? 0) + 1
    const hex = (bytes[good] ?? 0).toString(16).padStart(2, '0')
    const reason = `is not UTF-8: byte 0x${hex} at offset ${good}`
    return { problem: problemAt(file, lines.length, column, reason, 'save the file as UTF-8') }
  }
}

/** How many bytes from the start are whole characters. By bisection to where it breaks, then back to a whole one. */
function lengthOfGoodUtf8(bytes: Uint8Array): number {
  let good = 0
  let bad = bytes.length
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2)
    if (isUtf8(bytes.subarray(0, middle), true)) good = middle
    else bad = middle
  }
  while (good > 0 && !isUtf8(bytes.subarray(0, good), false)) good--
  return good
}

/** With `cutAllowed`, the last character may be incomplete. */
function isUtf8(bytes: Uint8Array, cutAllowed: boolean): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: cutAllowed })
    return true
  } catch {
    return false
  }
}

function toParsed(document: Document, lines: LineCounter, text: string, file: string): ParsedFile {
  const report = reporter(file, lines, text)
  for (const error of firstsOf(document.errors)) report.syntax(error)
  for (const warning of document.warnings) report.syntax(warning)
  if (report.fatal) return { problems: report.problems.toSorted(byPosition) }
  checkNodes(document, report)
  if (report.fatal) return { problems: report.problems.toSorted(byPosition) }
  const value = toPlain(document, report)
  if (report.fatal) return { problems: report.problems.toSorted(byPosition) }
  return {
    document: createSourceDocument(file, text, document, lines, value),
    problems: report.problems.toSorted(byPosition),
  }
}

interface Reporter {
  readonly problems: Problem[]
  fatal: boolean
  syntax(error: YAMLError): void
  at(offset: number, reason: string, hint?: string): void
}

const MAX_LOOKED_AT = 20

/** What is open when a quote does not end is not closed either: only the quote is a mistake. */
function firstsOf(errors: readonly YAMLError[]): readonly YAMLError[] {
  const quote = errors.find(({ message }) => message.startsWith('Missing closing'))
  if (quote === undefined) return errors
  return errors.filter((error) => error === quote || error.pos[0] !== quote.pos[0])
}

function reporter(file: string, lines: LineCounter, text: string): Reporter {
  const origins = openedIn(text)
  const whereIs = (offset: number): string => {
    const { line, col } = lines.linePos(offset)
    return `${line}:${col}`
  }
  return {
    problems: [],
    fatal: false,
    syntax(error) {
      this.fatal ||= error.code !== 'DUPLICATE_KEY' && error.code !== 'TAG_RESOLVE_FAILED'
      // Of so many errors nobody reads the rest, and looking takes time.
      const isLookedAt = this.problems.length < MAX_LOOKED_AT
      const opened = isLookedAt ? origins.at(error) : undefined
      if (opened !== undefined) {
        this.at(opened.offset, `is not valid YAML: ${opened.reason}`, opened.hint)
        return
      }
      const quote = isLookedAt ? origins.quoteBefore(error.pos[0]) : undefined
      const hint =
        quote === undefined
          ? SYNTAX_HINTS[error.code]
          : `the quote that opens at ${whereIs(quote)} closes only here; is one missing above?`
      this.at(error.pos[0], syntaxReason(error), hint)
    },
    at(offset, reason, hint) {
      const { line, col } = lines.linePos(offset)
      this.problems.push(problemAt(file, Math.max(1, line), Math.max(1, col), reason, hint))
    },
  }
}

const SYNTAX_HINTS: Partial<Record<YAMLError['code'], string>> = {
  TAB_AS_INDENT: 'use blanks',
  DUPLICATE_KEY: 'remove one of the two',
  TAG_RESOLVE_FAILED: 'remove the tag',
  MULTIPLE_DOCS: 'keep one document per file',
  BLOCK_AS_IMPLICIT_KEY: 'quote text that contains ": "',
  BAD_SCALAR_START: 'put the text in quotes',
}

function syntaxReason(error: YAMLError): string {
  if (error.code === 'DUPLICATE_KEY') return 'this key is there twice in one map'
  if (error.code === 'MULTIPLE_DOCS') return 'a second document begins here'
  if (error.code === 'TAG_RESOLVE_FAILED') return `tags are not supported: ${error.message}`
  return `is not valid YAML: ${error.message.charAt(0).toLowerCase()}${error.message.slice(1)}`
}

function checkNodes(document: Document, report: Reporter): void {
  visit(document, {
    Pair(_, pair) {
      const { key } = pair
      const offset = (key as { range?: [number, number, number] } | null)?.range?.[0] ?? 0
      if (key !== null && !isScalar(key)) {
        report.fatal = true
        report.at(offset, 'a key must be text, not a list, a map or an alias')
      } else if (keyText(key) === '__proto__') {
        report.fatal = true
        report.at(offset, 'the key "__proto__" is not allowed')
      }
    },
    Alias(_, alias, above) {
      const target = isAlias(alias) ? alias.resolve(document) : undefined
      if (target !== undefined && !above.includes(target)) return
      report.fatal = true
      const what = target === undefined ? 'nothing is anchored as' : 'this lies inside of'
      report.at(alias.range?.[0] ?? 0, `${what} &${alias.source}`)
    },
  })
}

function toPlain(document: Document, report: Reporter): unknown {
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    report.fatal = true
    const reason = error instanceof RangeError ? 'is nested too deeply' : String(error)
    report.at(0, error instanceof ReferenceError ? 'has too many aliases' : reason)
    return undefined
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  report.fatal = true
  if (value === null || value === undefined) {
    report.at(0, 'is empty', '`thv vmcp init` writes a file to start from')
  } else {
    const kind = Array.isArray(value) ? 'a list' : 'a single value'
    report.at(document.contents?.range?.[0] ?? 0, `must hold a map of settings, not ${kind}`)
  }
  return undefined
}

function problemAt(
  file: string,
  line: number,
  column: number,
  reason: string,
  hint?: string,
): Problem {
  const base = { file, line, column, path: '', reason, severity: 'error' as const }
  return hint === undefined ? base : { ...base, hint }
}
