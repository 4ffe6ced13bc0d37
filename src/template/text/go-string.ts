import { isUtf8 } from 'node:buffer'

/**
 * Go's strings are bytes. Ours are JavaScript strings in which a byte that is not part of valid UTF-8 (`"\xff"`, half a
 * letter after `slice`) is a lone low surrogate, U+DC80 to U+DCFF. Written out, it becomes U+FFFD.
 */

const BYTE_BASE = 0xdc00
const REPLACEMENT = 0xfffd
const MAX_BYTES_PER_UNIT = 3

/** The bytes of a text. */
export function toBytes(text: string): Buffer {
  return text.isWellFormed() ? Buffer.from(text) : encode(text)
}

/** The text of bytes, whether they are UTF-8 or not. */
export function fromBytes(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) return decode(bytes)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
}

/** Joins bytes that only together are UTF-8; texts that were put together need this. */
export function rejoin(text: string): string {
  return text.isWellFormed() ? text : fromBytes(toBytes(text))
}

/** What leaves the interpreter: no lone surrogates. */
export function toText(text: string): string {
  return text.isWellFormed() ? text : rejoin(text).toWellFormed()
}

/** The length in bytes. */
export function byteLength(text: string): number {
  const length = Buffer.byteLength(text)
  if (length === text.length || text.isWellFormed()) return length
  return toBytes(text).length
}

/** The byte that a lone surrogate stands for. */
export function loneByte(character: string): number | undefined {
  const code = character.charCodeAt(0)
  return character.length === 1 && isByte(code) ? code - BYTE_BASE : undefined
}

function isByte(code: number): boolean {
  return code >= BYTE_BASE + 0x80 && code <= BYTE_BASE + 0xff
}

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff
}

/** Go's order of strings, by bytes, which is the order of code points: negative, zero, positive. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0
  // UTF-16 orders differently only where surrogates take part.
  if (!hasSurrogate(a) && !hasSurrogate(b)) return a < b ? -1 : 1
  return Buffer.compare(toBytes(a), toBytes(b))
}

/** Whether UTF-16 may order a text differently than its bytes would. */
export function hasSurrogate(text: string): boolean {
  return /[\ud800-\udfff]/.test(text)
}

/** One pass without an object for each letter: texts have millions. */
function encode(text: string): Buffer {
  const bytes = Buffer.allocUnsafe(text.length * MAX_BYTES_PER_UNIT)
  let end = 0
  for (let at = 0; at < text.length; at++) {
    let code = text.charCodeAt(at)
    if (code < 0x80) {
      bytes[end++] = code
      continue
    }
    if (isSurrogate(code)) {
      const whole = text.codePointAt(at)!
      if (whole > 0xffff) at++
      else if (isByte(code)) {
        bytes[end++] = code - BYTE_BASE
        continue
      }
      code = whole > 0xffff ? whole : REPLACEMENT
    }
    if (code < 0x800) bytes[end++] = 0xc0 | (code >> 6)
    else {
      if (code < 0x10000) bytes[end++] = 0xe0 | (code >> 12)
      else {
        bytes[end++] = 0xf0 | (code >> 18)
        bytes[end++] = 0x80 | ((code >> 12) & 0x3f)
      }
      bytes[end++] = 0x80 | ((code >> 6) & 0x3f)
    }
    bytes[end++] = 0x80 | (code & 0x3f)
  }
  return bytes.subarray(0, end)
}

/** The same the other way; no code point takes more units than bytes. */
function decode(bytes: Uint8Array): string {
  const units = new Uint16Array(bytes.length)
  let end = 0
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at]!
    const length = sequenceLength(bytes, at)
    if (length <= 1) {
      units[end++] = length === 1 ? first : BYTE_BASE + first
      at += 1
      continue
    }
    let code = first & (0x7f >> length)
    for (let i = 1; i < length; i++) code = (code << 6) | (bytes[at + i]! & 0x3f)
    at += length
    if (code > 0xffff) {
      code -= 0x10000
      units[end++] = 0xd800 | (code >> 10)
      code = 0xdc00 | (code & 0x3ff)
    }
    units[end++] = code
  }
  return Buffer.from(units.buffer, 0, end * 2).toString('utf16le')
}

/** How many bytes the code point at `at` takes; zero when there is none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!
  if (first < 0x80) return 1
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2
  if (first < 0xc2 || first > 0xf4 || at + length > bytes.length) return 0
  for (let i = 1; i < length; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return 0
  const second = bytes[at + 1]!
  const isOverlong = (first === 0xe0 && second < 0xa0) || (first === 0xf0 && second < 0x90)
  const isSurrogate = first === 0xed && second > 0x9f
  const isTooHigh = first === 0xf4 && second > 0x8f
  return isOverlong || isSurrogate || isTooHigh ? 0 : length
}
