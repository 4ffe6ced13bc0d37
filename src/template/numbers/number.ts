import { isRawNumber, parseJson } from '../../base/parse-json.ts'
import { readDecimal } from './decimal.ts'

/**
 * A number of a template. Whole numbers are integers, however they are spelled (`5`, `5.0`, `5e0`): exact as `number` while
 * it holds them, else as `bigint`. What `parseJson` kept and is not whole stays what it is.
 */
export type Numeric = number | bigint | RawNumber

/** A decimal that no double holds; its text is what `JSON.stringify` writes. */
export interface RawNumber {
  readonly rawJSON: string
}

/** Longer integers in exponent form (`1e400`) stay as they are written. */
const MAX_DIGITS = 400
const MAX_LENGTH = 2 * MAX_DIGITS

export function isNumeric(value: unknown): value is Numeric {
  return typeof value === 'number' || typeof value === 'bigint' || isRawNumber(value)
}

/** Makes a `bigint` of a whole number that `parseJson` kept. */
export function fromRaw(raw: RawNumber): bigint | RawNumber {
  // This is done at each access, so it must be cheap.
  if (raw.rawJSON.length > MAX_LENGTH) return raw
  const { isNegative, digits, exponent } = readDecimal(raw.rawJSON)
  if (exponent < 0 || digits.length + exponent > MAX_DIGITS) return raw
  const size = BigInt(digits + '0'.repeat(exponent))
  return isNegative ? -size : size
}

/** The representation the rest of the product knows: no bigint. */
export function toJsonNumber(value: Numeric): number | RawNumber {
  if (typeof value !== 'bigint') return value
  return parseJson(String(value)) as number | RawNumber
}

/** The value if it is whole. */
export function wholeOf(value: Numeric): bigint | undefined {
  if (typeof value === 'bigint') return value
  if (typeof value !== 'number' || !Number.isInteger(value)) return undefined
  return Number.isSafeInteger(value) ? BigInt(value) : BigInt(digitsOf(value))
}

export function isWhole(value: Numeric): boolean {
  return typeof value === 'bigint' || Number.isInteger(value)
}

/** The nearest double. */
export function toDouble(value: Numeric): number {
  return typeof value === 'object' ? Number(value.rawJSON) : Number(value)
}

/** What reading the digits costs, in characters that are passed on: only numbers that `parseJson` kept can be of any length. */
export function keptCost(value: Numeric): number {
  return typeof value === 'object' ? value.rawJSON.length * 4 : 0
}

/** By value, whatever the representation: negative, zero, positive. */
export function compareNumbers(a: Numeric, b: Numeric): number {
  if (typeof a === 'number' && typeof b === 'number') return a === b ? 0 : a < b ? -1 : 1
  return compareDecimals(textOf(a), textOf(b))
}

/**
 * How a number is written out: whole ones with all their digits, others without exponent unless they are below 0.0001
 * (`1e-05`), kept ones as they came.
 */
export function textOf(value: Numeric): string {
  if (typeof value === 'object') return value.rawJSON
  if (typeof value === 'bigint') return String(value)
  if (Number.isInteger(value)) return digitsOf(value)
  const text = String(value)
  const size = Math.abs(value)
  if (size >= 0.0001 || !Number.isFinite(value)) return text
  const [digits, exponent] = value.toExponential().split('e')
  return `${digits}e-${exponent!.slice(1).padStart(2, '0')}`
}

/** JavaScript goes over to exponents at 1e21. */
function digitsOf(whole: number): string {
  const text = String(whole)
  if (!text.includes('e')) return text
  const { isNegative, digits, exponent } = readDecimal(text)
  return `${isNegative ? '-' : ''}${digits}${'0'.repeat(exponent)}`
}

function compareDecimals(a: string, b: string): number {
  const left = readDecimal(a)
  const right = readDecimal(b)
  const signOf = (d: typeof left): number => (d.digits === '0' ? 0 : d.isNegative ? -1 : 1)
  const sign = signOf(left)
  if (sign !== signOf(right)) return sign - signOf(right)
  const scale = left.digits.length + left.exponent - (right.digits.length + right.exponent)
  if (scale !== 0) return scale * sign
  const length = Math.max(left.digits.length, right.digits.length)
  const leftDigits = left.digits.padEnd(length, '0')
  const rightDigits = right.digits.padEnd(length, '0')
  return leftDigits === rightDigits ? 0 : leftDigits < rightDigits ? -sign : sign
}
