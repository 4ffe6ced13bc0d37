import { isRawNumber } from '../../base/parse-json.ts'
import { fromRaw, isNumeric, isWhole, type Numeric, type RawNumber } from '../numbers/number.ts'
import { compareText } from '../text/go-string.ts'
import type { TemplateObject, TemplateValue } from '../values.ts'

/** A value while a template runs; `undefined` is no value: a missing key, or `null` after a pipeline. */
export type Value = TemplateValue | RawNumber | undefined

/** Every value that comes out of data passes here: numbers that `parseJson` kept become exact integers where they are whole. */
export function fromData(value: Value): Value {
  if (typeof value !== 'object' || value === null || !isRawNumber(value)) return value
  return fromRaw(value as RawNumber)
}

export function isNumber(value: Value): value is Numeric {
  return isNumeric(value)
}

export function isList(value: Value): value is readonly TemplateValue[] {
  return Array.isArray(value)
}

export function isObject(value: Value): value is TemplateObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawNumber(value)
}

/** What stands under a key; not what every object has, like `constructor`. */
export function valueAt(object: TemplateObject, key: string): Value {
  return Object.hasOwn(object, key) ? fromData(object[key]) : undefined
}

/** The keys that are there, in Go's order. */
export function sortedKeys(object: TemplateObject): string[] {
  return keysOf(object).toSorted(compareText)
}

export function keysOf(object: TemplateObject): string[] {
  return Object.keys(object).filter((key) => object[key] !== undefined)
}

/** What `if`, `and`, `or` and `not` go by: false, zero, empty and nothing are not. */
export function isTrue(value: Value): boolean {
  if (value === undefined || value === null) return false
  if (typeof value === 'boolean') return value
  if (typeof value === 'string') return value !== ''
  if (isNumber(value)) return !isZeroNumber(value)
  return isList(value) ? value.length > 0 : keysOf(value).length > 0
}

/** The name of a value's type, in Go's words. */
export function typeName(value: Value): string {
  if (value === undefined || value === null) return 'nil'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'boolean') return 'bool'
  if (isNumber(value)) return isWhole(value) ? 'int' : 'float64'
  return isList(value) ? '[]interface {}' : 'map[string]interface {}'
}

function isZeroNumber(value: Numeric): boolean {
  return value === 0 || value === 0n
}
