/** The ways YAML has to write text, as the parser names them. */
export type ScalarStyle =
  | 'PLAIN'
  | 'QUOTE_SINGLE'
  | 'QUOTE_DOUBLE'
  | 'BLOCK_LITERAL'
  | 'BLOCK_FOLDED'

/**
 * Where each UTF-16 unit of a scalar's value stands in its source, counted from the start of the source; one more entry says
 * where the value ends. Follows quotes, escapes, folded lines and indentation.
 * @param source The scalar as written: with its quotes, or from the `|` or `>` on.
 */
export function scalarOffsets(source: string, value: string, style: ScalarStyle): number[] {
  if (style === 'PLAIN') return flowOffsets(source, value, style, 0)
  if (style === 'QUOTE_SINGLE' || style === 'QUOTE_DOUBLE') {
    return flowOffsets(source, value, style, 1)
  }
  return blockOffsets(source, value)
}

function flowOffsets(source: string, value: string, style: ScalarStyle, start: number): number[] {
  const offsets: number[] = []
  let at = start
  while (offsets.length < value.length) {
    const fold = FOLD.exec(source, at)
    if (fold !== undefined) {
      // One line break is a blank; of several, the first is dropped.
      const breaks = fold.split('\n').length - 1
      for (let n = Math.max(1, breaks - 1); n > 0; n--) offsets.push(at)
      at += fold.length
      continue
    }
    if (style === 'QUOTE_DOUBLE' && source[at] === '\\') {
      const escape = ESCAPE.exec(source, at) ?? source.slice(at, at + 2)
      for (let n = unitsOf(escape); n > 0; n--) offsets.push(at)
      at += escape.length
      continue
    }
    offsets.push(at)
    at += style === 'QUOTE_SINGLE' && source.startsWith("''", at) ? 2 : 1
  }
  offsets.length = value.length
  return [...offsets, Math.min(at, source.length)]
}

function sticky(pattern: RegExp): { exec(text: string, at: number): string | undefined } {
  const regexp = new RegExp(pattern, 'y')
  return {
    exec(text, at) {
      regexp.lastIndex = at
      return regexp.exec(text)?.[0]
    },
  }
}

const FOLD = sticky(/[ \t]*\r?\n[ \t\r\n]*/)
const ESCAPE = sticky(
  /\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|\r?\n[ \t\r\n]*|[^xuU\r\n])/,
)

/** How many units an escape stands for: an escaped line break for none, or for those of the blank lines behind it. */
function unitsOf(escape: string): number {
  if (/^\\\r?\n/.test(escape)) return escape.split('\n').length - 2
  const code = escape.startsWith('\\U') ? Number.parseInt(escape.slice(2), 16) : 0
  return code > 0xffff ? 2 : 1
}

function blockOffsets(source: string, value: string): number[] {
  const body = source.indexOf('\n') + 1
  const indent = indentOf(source.slice(body), value)
  const offsets: number[] = []
  let at = body
  let lineStart = true
  while (offsets.length < value.length && at < source.length) {
    if (lineStart) {
      let skipped = 0
      while (skipped < indent && source[at + skipped] === ' ') skipped++
      at += skipped
      lineStart = false
    }
    const c = source[at]
    if (c === '\r' && source[at + 1] === '\n') at++
    else if (c === '\n') {
      // A folded line break is a blank, or nothing where blank lines follow.
      const wanted = value[offsets.length]
      if (wanted === '\n' || wanted === ' ') offsets.push(at)
      at++
      lineStart = true
    } else {
      offsets.push(at)
      at++
    }
  }
  while (offsets.length < value.length) offsets.push(source.length)
  return [...offsets, at]
}

/** How far the lines are indented: what the first line that is not blank has in its source and not in its value. */
function indentOf(body: string, value: string): number {
  const isText = (line: string): boolean => line.trim() !== ''
  const written = body.split('\n').find(isText) ?? ''
  const meant = value.split('\n').find(isText) ?? ''
  return Math.max(0, leadingBlanks(written) - leadingBlanks(meant))
}

function leadingBlanks(line: string): number {
  return line.length - line.trimStart().length
}
