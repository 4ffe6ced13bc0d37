import { loneByte } from './go-string.ts'

const NAMED: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
}

interface QuoteOptions {
  /** Escapes everything beyond ASCII. */
  asciiOnly?: boolean
}

/** A text as a Go string literal. */
export function quote(text: string, { asciiOnly = false }: QuoteOptions = {}): string {
  if (/^[ !#-[\]-~]*$/.test(text)) return `"${text}"`
  let quoted = '"'
  for (const character of text) quoted += escape(character, '"', asciiOnly)
  return `${quoted}"`
}

/** A code point as a Go character literal; U+FFFD for what is none. */
export function quoteCharacter(
  codePoint: bigint,
  { asciiOnly = false }: QuoteOptions = {},
): string {
  return `'${escape(characterOf(codePoint), "'", asciiOnly)}'`
}

/** The character of a code point; U+FFFD for what is none. */
export function characterOf(codePoint: bigint): string {
  const isCharacter = codePoint >= 0n && codePoint <= 0x10ffffn
  return isCharacter ? String.fromCodePoint(Number(codePoint)).toWellFormed() : '\ufffd'
}

/** Go's notion: letters, marks, numbers, punctuation, symbols, and the ASCII space. */
export function isPrintable(character: string): boolean {
  return character === ' ' || /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(character)
}

/** Whether a text can stand between backquotes, in one line. */
export function canBackquote(text: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return text.isWellFormed() && !/[\x00-\x08\x0a-\x1f\x7f`\ufeff]/.test(text)
}

function escape(character: string, quoteMark: string, asciiOnly: boolean): string {
  if (character === quoteMark) return `\\${character}`
  const named = NAMED[character]
  if (named !== undefined) return named
  const code = character.codePointAt(0)!
  const byte = loneByte(character)
  if (byte !== undefined) return `\\x${byte.toString(16)}`
  if (code < 0x80 ? isPrintable(character) : !asciiOnly && isPrintable(character.toWellFormed())) {
    return character
  }
  if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`
  return code > 0xffff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0')
}
