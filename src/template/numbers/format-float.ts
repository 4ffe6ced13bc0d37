import { exactDecimal, readDecimal, roundTo, takeApart, type Decimal } from './decimal.ts'

/** The letters Go knows for floats: decimal with or without exponent, binary and hexadecimal mantissa. */
export type FloatVerb = 'e' | 'E' | 'f' | 'g' | 'G' | 'b' | 'x' | 'X'

/**
 * A double as Go writes it. Without a precision, as many digits as it takes to read the same double again.
 * The precision is the number of digits after the point; for `g`, of all digits.
 */
export function formatFloat(value: number, verb: FloatVerb, precision?: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value < 0 ? '-Inf' : '+Inf'
  if (verb === 'b') return binary(value)
  if (verb === 'x' || verb === 'X') {
    const text = hexadecimal(value, precision)
    return verb === 'X' ? text.toUpperCase() : text
  }
  const text = decimalForm(value, verb, precision)
  return value < 0 || Object.is(value, -0) ? `-${text}` : text
}

function decimalForm(value: number, verb: 'e' | 'E' | 'f' | 'g' | 'G', precision?: number): string {
  const isShortest = precision === undefined
  const size = Math.abs(value)
  const exact = isShortest ? readDecimal(String(size)) : exactDecimal(size)
  if (verb === 'f') return fixed(exact, precision)
  if (verb === 'e' || verb === 'E') {
    const digits = isShortest ? exact : roundTo(exact, precision + 1)
    return exponential(digits, precision ?? digits.digits.length - 1, verb)
  }
  const wanted = precision === 0 ? 1 : precision
  const digits = wanted === undefined ? exact : roundTo(exact, wanted)
  return general(digits, wanted, verb === 'g' ? 'e' : 'E')
}

function general(digits: Decimal, wanted: number | undefined, letter: string): string {
  const count = digits.digits === '0' ? 0 : digits.digits.length
  const point = count === 0 ? 0 : count + digits.exponent
  let limit = wanted ?? 6
  if (wanted !== undefined && limit > count && count >= point) limit = count
  const exponent = point - 1
  const places = wanted ?? count
  if (exponent < -4 || exponent >= limit) {
    return exponential(digits, Math.min(places, count) - 1, letter)
  }
  return fixed(digits, Math.max((places > point ? count : places) - point, 0))
}

function fixed(decimal: Decimal, places?: number): string {
  const { digits, exponent } =
    places === undefined
      ? decimal
      : roundTo(decimal, decimal.digits.length + decimal.exponent + places)
  const all = digits + '0'.repeat(Math.max(exponent, 0))
  const fractionLength = Math.max(-exponent, 0)
  const padded = all.padStart(fractionLength + 1, '0')
  const whole = padded.slice(0, padded.length - fractionLength)
  const fraction = padded.slice(padded.length - fractionLength).padEnd(places ?? 0, '0')
  return fraction === '' ? whole : `${whole}.${fraction}`
}

function exponential({ digits, exponent }: Decimal, places: number, letter: string): string {
  const scale = digits === '0' ? 0 : digits.length - 1 + exponent
  const fraction = digits.slice(1).padEnd(Math.max(places, 0), '0')
  const size = String(Math.abs(scale)).padStart(2, '0')
  return `${digits[0]}${fraction === '' ? '' : `.${fraction}`}${letter}${scale < 0 ? '-' : '+'}${size}`
}

function binary(value: number): string {
  const { mantissa, exponent } = takeApart(value)
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  return `${sign}${mantissa}p${exponent < 0 ? '' : '+'}${exponent}`
}

/** `0x1.8p+00`: the first digit is 1, except of zero. */
function hexadecimal(value: number, precision?: number): string {
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  let { mantissa, exponent } = takeApart(value)
  if (mantissa === 0n) {
    return `${sign}0x0${precision ? `.${'0'.repeat(precision)}` : ''}p+00`
  }
  while (mantissa < 1n << 52n) {
    mantissa <<= 1n
    exponent--
  }
  if (precision !== undefined && precision < 13) {
    const dropped = BigInt(52 - 4 * precision)
    const half = 1n << (dropped - 1n)
    const rest = mantissa & ((1n << dropped) - 1n)
    mantissa >>= dropped
    if (rest > half || (rest === half && (mantissa & 1n) === 1n)) mantissa++
    mantissa <<= dropped
    if (mantissa >= 1n << 53n) {
      mantissa >>= 1n
      exponent++
    }
  }
  const digits = (mantissa & ((1n << 52n) - 1n)).toString(16).padStart(13, '0')
  const fraction =
    precision === undefined
      ? digits.replace(/0+$/, '')
      : digits.slice(0, precision).padEnd(precision, '0')
  const scale = exponent + 52
  const size = String(Math.abs(scale)).padStart(2, '0')
  return `${sign}0x1${fraction === '' ? '' : `.${fraction}`}p${scale < 0 ? '-' : '+'}${size}`
}
