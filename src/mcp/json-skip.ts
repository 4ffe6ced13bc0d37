import { MAX_JSON_DEPTH } from '../base/json-depth.ts'

/**
 * A validating walk over JSON bytes that builds nothing. Every function returns the offset behind what it read, or -1
 * if the bytes are not JSON there. String contents are not decoded (escapes and UTF-8 are left to who reads them);
 * all structure is checked, so that bytes which pass can be embedded in a message of ours.
 */

/** Deeper nesting is refused. */
export const MAX_DEPTH = MAX_JSON_DEPTH

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d

/** The next offset at or after `i` that is not white space. */
export function skipSpace(b: Buffer, i: number): number {
  for (;;) {
    const c = b[i]
    if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return i
    i++
  }
}

/** Behind the string that starts with the quote at `i`. */
export function skipString(b: Buffer, i: number): number {
  if (b[i] !== QUOTE) return -1
  i++
  // Keys and short values are faster in JavaScript, long texts in the native search. A text full of escaped quotes
  // (JSON inside a text) makes native hops short; then the JavaScript stretch grows.
  let stretch = 48
  for (;;) {
    const stop = Math.min(i + stretch, b.length)
    while (i < stop) {
      const c = b[i]!
      if (c === QUOTE) return i + 1
      if (c < 0x20) return -1
      i += c === BACKSLASH ? 2 : 1
    }
    if (i >= b.length) return -1
    const quote = b.indexOf(QUOTE, i)
    if (quote < 0) return -1
    let before = quote - 1
    while (before >= i && b[before] === BACKSLASH) before--
    if (((quote - 1 - before) & 1) === 0) return quote + 1
    stretch = quote - i < 64 ? Math.min(stretch * 2, 8192) : 0
    i = quote + 1
  }
}

/** Behind the value that starts at `i` (no white space before it). */
export function skipValue(b: Buffer, i: number): number {
  const c = b[i]
  if (c === QUOTE) return skipString(b, i)
  if (c === OPEN_OBJECT || c === OPEN_ARRAY) return skipContainer(b, i)
  return skipScalar(b, i)
}

/** Objects and arrays without recursion: `closers` holds what ends each open one. */
function skipContainer(b: Buffer, i: number): number {
  const closers: number[] = []
  for (;;) {
    const c = b[i]
    if (c === OPEN_OBJECT || c === OPEN_ARRAY) {
      if (closers.length >= MAX_DEPTH) return -1
      const closer = c === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_ARRAY
      i = skipSpace(b, i + 1)
      if (b[i] !== closer) {
        closers.push(closer)
        if (closer === CLOSE_OBJECT && (i = skipKey(b, i)) < 0) return -1
        continue
      }
      i++
      if (closers.length === 0) return i
    } else {
      i = c === QUOTE ? skipString(b, i) : skipScalar(b, i)
      if (i < 0) return -1
    }
    // Behind a value: either a comma, or the ends of as many containers as close here.
    for (;;) {
      i = skipSpace(b, i)
      const closer = closers[closers.length - 1]
      if (b[i] === COMMA) {
        i = skipSpace(b, i + 1)
        if (closer === CLOSE_OBJECT && (i = skipKey(b, i)) < 0) return -1
        break
      }
      if (b[i] !== closer) return -1
      closers.pop()
      i++
      if (closers.length === 0) return i
    }
  }
}

/** Behind key, colon and white space: at the value. */
export function skipKey(b: Buffer, i: number): number {
  i = skipString(b, i)
  if (i < 0) return -1
  i = skipSpace(b, i)
  return b[i] === COLON ? skipSpace(b, i + 1) : -1
}

function skipScalar(b: Buffer, i: number): number {
  const c = b[i]
  if (c === 0x74) return skipWord(b, i, 'true')
  if (c === 0x66) return skipWord(b, i, 'false')
  if (c === 0x6e) return skipWord(b, i, 'null')
  return skipNumber(b, i)
}

function skipWord(b: Buffer, i: number, word: string): number {
  for (let k = 1; k < word.length; k++) if (b[i + k] !== word.charCodeAt(k)) return -1
  return i + word.length
}

function skipNumber(b: Buffer, i: number): number {
  if (b[i] === 0x2d) i++
  if (b[i] === 0x30) i++
  else if ((i = skipDigits(b, i)) < 0) return -1
  if (b[i] === 0x2e && (i = skipDigits(b, i + 1)) < 0) return -1
  if (b[i] === 0x65 || b[i] === 0x45) {
    i++
    if (b[i] === 0x2b || b[i] === 0x2d) i++
    i = skipDigits(b, i)
  }
  return i
}

function skipDigits(b: Buffer, i: number): number {
  const start = i
  while (b[i]! >= 0x30 && b[i]! <= 0x39) i++
  return i === start ? -1 : i
}
