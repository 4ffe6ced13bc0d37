import { defineErrors } from './errors.ts'
import { MAX_JSON_DEPTH } from './json-depth.ts'
import { parseJson } from './parse-json.ts'

export const jsonErrors = defineErrors('JSON', {
  TOO_DEEP: {
    fault: 'caller',
    status: 400,
    message: (d: { levels: number; offset: number; line: number; column: number }) =>
      `The JSON is nested more than ${d.levels} levels deep at position ${d.offset} (line ${d.line} column ${d.column})`,
  },
})

/**
 * `parseJson` for text that anybody may have written. What came over the wire is bounded there; text in it is not. Throws
 * JSON_TOO_DEEP with the place, else what `JSON.parse` throws.
 */
export function parseJsonText(text: string): unknown {
  const offset = tooDeepAt(text)
  if (offset === undefined) return parseJson(text)
  const line = text.slice(0, offset).split('\n')
  const column = line.at(-1)!.length + 1
  throw jsonErrors.TOO_DEEP({ levels: MAX_JSON_DEPTH, offset, line: line.length, column })
}

/** Where the first list or map begins that is too deep. Text that is no JSON is left to the parser. */
function tooDeepAt(text: string): number | undefined {
  // What is opened must be closed.
  if (text.length <= 2 * MAX_JSON_DEPTH) return undefined
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const c = text[at]
    if (c === '"') at = endOfString(text, at)
    else if (c === ']' || c === '}') depth -= 1
    else if (c === '[' || c === '{') {
      depth += 1
      if (depth > MAX_JSON_DEPTH) return at
    }
  }
  return undefined
}

/** The quote that ends the string which begins there, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); ; quote = text.indexOf('"', quote + 1)) {
    if (quote < 0) return text.length
    let before = quote - 1
    while (text[before] === '\\') before--
    if (((quote - 1 - before) & 1) === 0) return quote
  }
}
