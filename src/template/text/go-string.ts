/**
 * Go's strings are bytes. Ours are JavaScript strings in which a byte that is not part of valid UTF-8 (`"\xff"`, half a
 * letter after `slice`) is a lone low surrogate, U+DC80 to U+DCFF. Written out, it becomes U+FFFD.
 */

const BYTE_BASE = 0xdc00
const REPLACEMENT = '�'

/** The bytes of a text. */
export function toBytes(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text)
  const parts: Buffer[] = []
  for (const character of text) {
    const byte = loneByte(character)
    parts.push(byte === undefined ? Buffer.from(character) : Buffer.of(byte))
  }
  return Buffer.concat(parts)
}

/** The text of bytes, whether they are UTF-8 or not. */
export function fromBytes(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
  // A real U+FFFD may be meant; three bytes tell.
  if (!text.includes(REPLACEMENT)) return text
  let result = ''
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at)
    if (length === 0) result += String.fromCharCode(BYTE_BASE + bytes[at++]!)
    else {
      result += Buffer.from(bytes.subarray(at, at + length)).toString()
      at += length
    }
  }
  return result
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
  return character.length === 1 && code >= BYTE_BASE + 0x80 && code <= BYTE_BASE + 0xff
    ? code - BYTE_BASE
    : undefined
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
