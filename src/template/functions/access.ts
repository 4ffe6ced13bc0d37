import {
  fromData,
  isList,
  isNumber,
  isObject,
  keysOf,
  typeName,
  type Value,
  valueAt,
} from '../data/kinds.ts'
import { BYTES_COST, Refusal } from '../limits.ts'
import { isWhole, textOf } from '../numbers/number.ts'
import { byteLength, fromBytes, toBytes } from '../text/go-string.ts'
import type { TemplateFunction } from './function.ts'

/** Elements of a list or object, bytes of a text: `index x 1 "a"` is `x[1]["a"]`. */
export const index: TemplateFunction = {
  parameters: ['any'],
  takesMore: true,
  call: ([value, ...indexes], run) => {
    if (value === undefined || value === null) throw new Refusal('cannot index nothing')
    let item: Value = value
    for (const at of indexes) {
      if (typeof item === 'string') run.work(costOf(item))
      item = elementAt(item, at)
    }
    return item
  },
}

/** Part of a list or, by bytes, of a text: `slice x 1 2` is `x[1:2]`. */
export const slice: TemplateFunction = {
  parameters: ['any'],
  takesMore: true,
  call: ([value, ...bounds], run) => {
    if (bounds.length > 3) throw new Refusal(`slice takes at most 3 bounds, not ${bounds.length}`)
    if (typeof value === 'string') {
      if (bounds.length === 3) throw new Refusal('a text cannot be sliced with 3 bounds')
      const part = sliceText(value, bounds)
      run.work(costOf(value) + costOf(part))
      return run.made(part)
    }
    if (!isList(value)) throw new Refusal(`cannot slice a value of type ${typeName(value)}`)
    run.work(value.length)
    return value.slice(...boundsOf(bounds, value.length))
  },
}

/** The bytes of a text, the elements of a list, the keys of an object. */
export const length: TemplateFunction = {
  parameters: ['any'],
  call: ([value], run) => {
    if (typeof value === 'string') {
      run.work(costOf(value))
      return byteLength(value)
    }
    if (isList(value)) return value.length
    if (isObject(value)) return keysOf(value, run).length
    throw new Refusal(`a value of type ${typeName(value)} has no length`)
  },
}

/** What going through the bytes of a text costs. */
function costOf(text: string): number {
  return text.isWellFormed() ? text.length : text.length * BYTES_COST
}

function elementAt(item: Value, at: Value): Value {
  if (item === undefined || item === null) throw new Refusal('cannot index null')
  if (typeof item === 'string') return toBytes(item)[positionOf(at, byteLength(item) - 1)]
  if (isList(item)) return fromData(item[positionOf(at, item.length - 1)])
  if (!isObject(item)) throw new Refusal(`cannot index a value of type ${typeName(item)}`)
  if (typeof at !== 'string')
    throw new Refusal(`a key is a text, not a value of type ${typeName(at)}`)
  return valueAt(item, at) ?? null
}

function sliceText(text: string, bounds: readonly Value[]): string {
  const length = byteLength(text)
  const [from, to] = boundsOf(bounds, length)
  if (length === text.length) return text.slice(from, to)
  return fromBytes(toBytes(text).subarray(from, to))
}

/** Checked, with what is left out. */
function boundsOf(bounds: readonly Value[], length: number): [from: number, to: number] {
  const numbers = bounds.map((bound) => positionOf(bound, length))
  const [from = 0, to = length, most = length] = numbers
  if (from > to || to > most) {
    throw new Refusal(`the bounds of a slice must not fall: ${numbers.join(', ')}`)
  }
  return [from, to]
}

function positionOf(at: Value, last: number): number {
  if (!isNumber(at) || !isWhole(at)) {
    throw new Refusal(`a position is a whole number, not a value of type ${typeName(at)}`)
  }
  const position = Number(at)
  if (position < 0 || position > last)
    throw new Refusal(`${textOf(at)} is out of range: 0 to ${last}`)
  return position
}
