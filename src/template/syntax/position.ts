/** A place in a text: both 1-based, the column in UTF-16 units. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** The place of a UTF-16 offset. */
export function positionAt(text: string, offset: number): Position {
  let line = 1
  let lineStart = 0
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) {
    line++
    lineStart = at + 1
  }
  return { line, column: offset - lineStart + 1 }
}
