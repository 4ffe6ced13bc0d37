import { isRawNumber } from '../../base/parse-json.ts'
import { fromRaw, isNumeric, isWhole, type Numeric, type RawNumber } from '../numbers/number.ts'
import { type Budget, KEY_COST, SORT_COST } from '../limits.ts'
import { compareText, hasSurrogate } from '../text/go-string.ts'
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
export function sortedKeys(object: TemplateObject, budget: Budget): string[] {
  const keys = keysOf(object, budget)
  budget.work(keys.length * SORT_COST)
  // Without surrogates the order of UTF-16 units is that of bytes.
  return keys.some(hasSurrogate) ? keys.sort(compareText) : keys.sort()
}

/** The keys that are there, in any order; the caller may change the list. */
export function keysOf(object: TemplateObject, budget: Budget): string[] {
  const keys = Object.keys(object)
  budget.work(keys.length * KEY_COST)
  return keys.filter((key) => object[key] !== undefined)
}

/** What `if`, `and`, `or` and `not` go by: false, zero, empty and nothing are not. */
export function isTrue(value: Value, budget: Budget): boolean {
  if (value === undefined || value === null) return false
  if (typeof value === 'boolean') return value
  if (typeof value === 'string') return value !== ''
  if (isNumber(value)) return !isZeroNumber(value)
  return isList(value) ? value.length > 0 : keysOf(value, budget).length > 0
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
