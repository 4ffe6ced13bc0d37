import { fromBytes, toBytes } from '../text/go-string.ts'

/** Why a literal is none. */
export interface LiteralMistake {
  readonly reason: string
}

/** The text of a Go string literal, `"quoted"` or raw. */
export function readString(source: string): { readonly value: string } | LiteralMistake {
  if (source.startsWith('`')) return { value: source.slice(1, -1).replaceAll('\r', '') }
  if (!source.includes('\\')) return { value: source.slice(1, -1) }
  let value = ''
  let hasBytes = false
  for (let at = 1; at < source.length - 1;) {
    const character = readCharacter(source, at, '"')
    if ('reason' in character) return character
    at = character.end
    if (character.isByte && character.code >= 0x80) {
      hasBytes = true
      value += String.fromCharCode(0xdc00 + character.code)
    } else value += String.fromCodePoint(character.code)
  }
  return { value: hasBytes ? fromBytes(toBytes(value)) : value }
}

/** The code point of a Go character constant: `'a'`, `'\n'`. */
export function readCharacterConstant(source: string): { readonly value: number } | LiteralMistake {
  if (source.length < 3) return { reason: `${source} is no character constant` }
  const character = readCharacter(source, 1, "'")
  if ('reason' in character) return character
  if (character.end !== source.length - 1) {
    return { reason: `${source} is no character constant: it holds more than one character` }
  }
  return { value: character.code }
}

interface Character {
  readonly code: number
  /** `\xff` and `\377` stand for bytes, not for code points. */
  readonly isByte: boolean
  readonly end: number
}

const SIMPLE_ESCAPES: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
}

function readCharacter(source: string, at: number, quote: string): Character | LiteralMistake {
  const code = source.codePointAt(at)!
  if (source[at] !== '\\') return { code, isByte: false, end: at + (code > 0xffff ? 2 : 1) }
  const escape = source[at + 1] ?? ''
  const simple = escape === quote ? code1(quote) : SIMPLE_ESCAPES[escape]
  if (simple !== undefined) return { code: simple, isByte: false, end: at + 2 }
  const digits = /^(?:x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[0-7]{3})/.exec(
    source.slice(at + 1, at + 10),
  )?.[0]
  const mistake = { reason: `${source} has an escape sequence that means nothing: \\${escape}` }
  if (digits === undefined) return mistake
  const isOctal = escape >= '0' && escape <= '7'
  const value = isOctal ? Number.parseInt(digits, 8) : Number.parseInt(digits.slice(1), 16)
  const isByte = isOctal || escape === 'x'
  const isSurrogate = value >= 0xd800 && value <= 0xdfff
  if (isByte ? value > 0xff : value > 0x10ffff || isSurrogate) return mistake
  return { code: value, isByte, end: at + 1 + digits.length }
}

function code1(character: string): number {
  return character.charCodeAt(0)
}

const INTEGER =
  /^([+-]?)(0[xX](?:_?[\da-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0(?:_?[0-7])*|[1-9](?:_?\d)*)$/
const DECIMAL =
  /^[+-]?(?:\d(?:_?\d)*(?:\.(?:\d(?:_?\d)*)?)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d(?:_?\d)*)?$/
const HEX_FLOAT =
  /^([+-]?)0[xX]((?:_?[\da-fA-F])*)(?:\.((?:[\da-fA-F](?:_?[\da-fA-F])*)?))?[pP]([+-]?\d(?:_?\d)*)$/
/** More digits than any number has that is meant; keeps reading them quick. */
const MAX_DIGITS = 400

/** The value of a Go number literal; integers are exact, however large. */
export function readNumber(source: string): { readonly value: number | bigint } | LiteralMistake {
  if (source.endsWith('i')) return { reason: `${source} is imaginary, which JSON has no value for` }
  if (source.length > MAX_DIGITS) return { reason: 'the number has too many digits' }
  const plain = source.replaceAll('_', '')
  const integer = INTEGER.exec(source)
  if (integer) return { value: readInteger(plain, integer[1] === '-') }
  const value = readFloat(source, plain)
  if (value === undefined || !Number.isFinite(value)) return { reason: `${source} is no number` }
  return { value }
}

function readInteger(plain: string, isNegative: boolean): number | bigint {
  const digits = plain.replace(/^[+-]/, '')
  // BigInt knows 0x, 0o and 0b, but not a leading zero for octal.
  const size = BigInt(/^0\d/.test(digits) ? `0o${digits}` : digits)
  const value = isNegative ? -size : size
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}

function readFloat(source: string, plain: string): number | undefined {
  // Digits alone that are no integer: `089`.
  if (DECIMAL.test(source)) return /[.eE]/.test(source) ? Number(plain) : undefined
  const [, sign, whole = '', fraction = '', exponent = '0'] = HEX_FLOAT.exec(source) ?? []
  if (sign === undefined || whole + fraction === '') return undefined
  const digits = (whole + fraction).replaceAll('_', '')
  const scale = Number(exponent.replaceAll('_', '')) - 4 * fraction.replaceAll('_', '').length
  const value = Number(BigInt(`0x${digits}`)) * 2 ** scale
  return sign === '-' ? -value : value
}
