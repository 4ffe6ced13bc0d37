import { isNumber, typeName, type Value } from '../data/kinds.ts'
import type { Run } from '../evaluate/run.ts'
import { BYTES_COST, LONG_NUMBER_COST, Refusal } from '../limits.ts'
import { compareNumbers, keptCost, type Numeric } from '../numbers/number.ts'
import { compareText, hasSurrogate } from '../text/go-string.ts'
import type { TemplateFunction } from './function.ts'

/** Whether the first value equals one of the others; numbers are compared by value. */
export const equal: TemplateFunction = {
  parameters: ['any'],
  takesMore: true,
  call: ([first, ...others], run) => {
    if (others.length === 0) throw new Refusal('eq has nothing to compare with')
    return others.some((other) => isEqual(first, other, run))
  },
}

export const notEqual: TemplateFunction = {
  parameters: ['any', 'any'],
  call: ([a, b], run) => !isEqual(a, b, run),
}

export const less = ordering((order) => order < 0)
export const lessOrEqual = ordering((order) => order <= 0)
export const greater = ordering((order) => order > 0)
export const greaterOrEqual = ordering((order) => order >= 0)

function ordering(isMet: (order: number) => boolean): TemplateFunction {
  return { parameters: ['any', 'any'], call: ([a, b], run) => isMet(compare(a, b, run)) }
}

/** Nothing equals nothing; lists and objects equal nothing at all, and cannot be compared with each other. */
function isEqual(a: Value, b: Value, run: Run): boolean {
  if (isNothing(a) || isNothing(b)) return isNothing(a) && isNothing(b)
  if (isNumber(a) && isNumber(b)) return compareBoth(a, b, run) === 0
  if (typeof a !== typeof b || (typeof a === 'object') !== (typeof b === 'object')) {
    throw new Refusal(
      `cannot compare a value of type ${typeName(a)} with one of type ${typeName(b)}`,
    )
  }
  if (typeof a === 'object') throw new Refusal(`values of type ${typeName(a)} cannot be compared`)
  if (typeof a === 'string') run.work(a.length)
  return a === b
}

function compare(a: Value, b: Value, run: Run): number {
  if (isNumber(a) && isNumber(b)) return compareBoth(a, b, run)
  if (typeof a === 'string' && typeof b === 'string') {
    // Where the order of UTF-16 is not that of bytes, it is theirs that counts.
    const cost = hasSurrogate(a) || hasSurrogate(b) ? BYTES_COST : 1
    run.work((a.length + b.length) * cost)
    return compareText(a, b)
  }
  throw new Refusal(`a value of type ${typeName(a)} and one of type ${typeName(b)} have no order`)
}

function compareBoth(a: Numeric, b: Numeric, run: Run): number {
  if (typeof a !== 'number' || typeof b !== 'number') {
    run.work(LONG_NUMBER_COST + keptCost(a) + keptCost(b))
  }
  return compareNumbers(a, b)
}

function isNothing(value: Value): value is null | undefined {
  return value === undefined || value === null
}
