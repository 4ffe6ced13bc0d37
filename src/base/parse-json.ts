/** A JSON number that a JavaScript number cannot hold; `JSON.stringify` writes it as it came. */
interface RawNumber {
  readonly rawJSON: string
}

/** ECMAScript 2026 "JSON.parse source text access": in every Node we run on, not in TypeScript's library yet. */
interface JsonWithSource {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown
  rawJSON(text: string): RawNumber
  isRawJSON(value: unknown): boolean
}

const { parse, rawJSON, isRawJSON } = JSON as unknown as JsonWithSource

/**
 * `JSON.parse`, but no number becomes another one on its way through: what a double cannot hold (64-bit integers, long
 * fractions, `1e400`) is kept as an opaque value that `JSON.stringify` writes back as it came. Throws what
 * `JSON.parse` throws.
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text)
  if (!mayHoldLossyNumber(text) || !holdsLossyNumber(text)) return value
  return parse(text, (_key, each, { source }) =>
    typeof each === 'number' && source !== undefined && isLossy(source) ? rawJSON(source) : each,
  )
}

/** True for a number that `parseJson` kept. */
export function isRawNumber(value: unknown): boolean {
  return isRawJSON(value)
}

/** 15 digits survive in a double: a number with more of them, and a point, covers every sixteenth place. */
const STRIDE = 16
const LONG_EXPONENT = /\d[eE][+-]?\d{3}/

/** A cheap look at the whole text, strings included. */
function mayHoldLossyNumber(text: string): boolean {
  for (let at = STRIDE - 1; at < text.length; at += STRIDE) {
    if (!isDigitOrPoint(text, at)) continue
    let start = at
    while (isDigitOrPoint(text, start - 1)) start--
    let end = at + 1
    while (isDigitOrPoint(text, end)) end++
    if (end - start >= STRIDE) return true
  }
  return LONG_EXPONENT.test(text)
}

function isDigitOrPoint(text: string, at: number): boolean {
  const c = text.charCodeAt(at)
  return (c >= 0x30 && c <= 0x39) || c === 0x2e
}

const NUMBER = /-?[\d.]+(?:[eE][+-]?\d+)?/y

/** `text` is valid JSON. */
function holdsLossyNumber(text: string): boolean {
  for (let i = 0; i < text.length;) {
    const c = text[i]!
    if (c === '"') i = behindString(text, i)
    else if (c === '-' || (c >= '0' && c <= '9')) {
      NUMBER.lastIndex = i
      const [source] = NUMBER.exec(text)!
      if (isLossy(source)) return true
      i += source.length
    } else i++
  }
  return false
}

function behindString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); ; quote = text.indexOf('"', quote + 1)) {
    let before = quote - 1
    while (text[before] === '\\') before--
    if (((quote - 1 - before) & 1) === 0) return quote + 1
  }
}

/** Whether reading the number and writing it again makes another number of it; its spelling may change. */
function isLossy(source: string): boolean {
  const value = Number(source)
  if (!Number.isFinite(value)) return true
  const written = String(value)
  return written !== source && decimal(written) !== decimal(source)
}

/** One spelling per decimal number: sign, digits without zeros around them, exponent. */
function decimal(source: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(source) ?? []
  const all = whole + fraction
  let first = 0
  while (all[first] === '0') first++
  // JSON has one zero: `-0` is read and written as `0` everywhere.
  if (first === all.length) return '0'
  let end = all.length
  while (all[end - 1] === '0') end--
  const scale = Number(exponent) - fraction.length + (all.length - end)
  return `${sign}${all.slice(first, end)}e${scale}`
}
