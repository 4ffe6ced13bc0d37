import { formatFloat, type FloatVerb } from '../numbers/format-float.ts'
import { textOf } from '../numbers/number.ts'
import { type Flags, pad, padWithSpaces } from './flags.ts'

const VERBS: Readonly<Record<string, readonly [verb: FloatVerb, precision?: number]>> = {
  v: ['g'],
  b: ['b'],
  g: ['g'],
  G: ['G'],
  x: ['x'],
  X: ['X'],
  f: ['f', 6],
  F: ['f', 6],
  e: ['e', 6],
  E: ['E', 6],
}

/** A float by a verb of floats; nothing if the verb is none. */
export function formatDouble(value: number, verb: string, flags: Flags): string | undefined {
  const [kind, usual] = VERBS[verb] ?? []
  if (kind === undefined) return undefined
  const precision = flags.precision ?? usual
  const isPlain = verb === 'v' && precision === undefined && Number.isFinite(value)
  let text = isPlain ? textOf(value) : formatFloat(value, kind, precision)
  let sign = ''
  if (text.startsWith('-') || text.startsWith('+')) {
    sign = text[0]!
    text = text.slice(1)
  }
  if (sign !== '-') sign = flags.plus ? '+' : flags.space ? ' ' : sign === '+' ? '+' : ''
  if (!Number.isFinite(value)) return padWithSpaces(sign + text, flags)
  if (flags.sharp && kind !== 'b') text = withPoint(text, kind, precision)
  const { zero, minus, width } = flags
  if (sign !== '' && zero && !minus && width !== undefined) {
    return sign + text.padStart(width - 1, '0')
  }
  return pad(sign + text, flags)
}

/** `#`: a point always, and for `g` all digits that the precision asks for. */
function withPoint(text: string, kind: FloatVerb, precision: number | undefined): string {
  const isHex = kind === 'x' || kind === 'X'
  const at = text.search(isHex ? /[pP]/ : /[eE]/)
  let number = at === -1 ? text : text.slice(0, at)
  const exponent = at === -1 ? '' : text.slice(at)
  let missing = kind === 'g' || kind === 'G' || kind === 'x' ? (precision ?? 6) : 0
  const digits = number.replace(/[.]/g, '').replace(/^0+/, '')
  missing -= digits.length
  if (!number.includes('.')) {
    if (number === '0') missing--
    number += '.'
  }
  return number + '0'.repeat(Math.max(missing, 0)) + exponent
}
