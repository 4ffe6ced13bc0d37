import { characterOf, isPrintable, quoteCharacter } from '../text/quote.ts'
import { type Flags, pad, padWithSpaces } from './flags.ts'

const BASES: Readonly<Record<string, number>> = { v: 10, d: 10, b: 2, o: 8, O: 8, x: 16, X: 16 }

/** An integer by a verb of integers; nothing if the verb is none. */
export function formatInteger(value: bigint, verb: string, flags: Flags): string | undefined {
  const base = BASES[verb]
  if (base !== undefined) return inBase(value, base, verb, flags)
  switch (verb) {
    case 'c':
      return pad(characterOf(value), flags)
    case 'q':
      return pad(quoteCharacter(value, { asciiOnly: flags.plus }), flags)
    case 'U':
      return padWithSpaces(unicode(value, flags), flags)
    default:
      return undefined
  }
}

function inBase(value: bigint, base: number, verb: string, flags: Flags): string {
  const { precision, width, zero, minus, plus, space, sharp } = flags
  const isNegative = value < 0n
  // No digits at all, for zero with precision 0.
  if (precision === 0 && value === 0n) return padWithSpaces('', flags)
  const sign = isNegative ? '-' : plus ? '+' : space ? ' ' : ''
  let digits = (isNegative ? -value : value).toString(base)
  if (verb === 'X') digits = digits.toUpperCase()
  if (precision !== undefined) digits = digits.padStart(precision, '0')
  else if (zero && !minus && width !== undefined) {
    digits = digits.padStart(width - sign.length, '0')
  }
  return padWithSpaces(sign + prefixOf(digits, verb, sharp) + digits, flags)
}

function prefixOf(digits: string, verb: string, sharp: boolean): string {
  if (verb === 'O') return sharp && !digits.startsWith('0') ? '0o0' : '0o'
  if (!sharp) return ''
  switch (verb) {
    case 'b':
      return '0b'
    case 'o':
      return digits.startsWith('0') ? '' : '0'
    case 'x':
      return '0x'
    case 'X':
      return '0X'
    default:
      return ''
  }
}

/** `U+0061`, and with `#` the character behind it. Negative numbers are taken as 64 bits, like in Go. */
function unicode(value: bigint, { precision, sharp }: Flags): string {
  const code = BigInt.asUintN(64, value)
  const text = `U+${code
    .toString(16)
    .toUpperCase()
    .padStart(Math.max(precision ?? 4, 4), '0')}`
  if (!sharp || code > 0x10ffffn) return text
  const character = characterOf(code)
  return isPrintable(character) ? `${text} '${character}'` : text
}
