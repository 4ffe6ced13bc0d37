import {
  fromData,
  isList,
  isNumber,
  sortedKeys,
  typeName,
  type Value,
  valueAt,
} from '../data/kinds.ts'
import {
  type Budget,
  ELEMENT_COST,
  LimitReached,
  LONG_NUMBER_COST,
  MAX_DATA_DEPTH,
  Refusal,
} from '../limits.ts'
import { isWhole, keptCost, type Numeric, textOf, toDouble, wholeOf } from '../numbers/number.ts'
import { type Flags, noFlags, pad, truncate } from './flags.ts'
import { formatDouble } from './floats.ts'
import { formatInteger } from './integers.ts'
import { formatText } from './texts.ts'

const NIL = '<nil>'

/** A value as `print` and `{{ }}` write it: Go's `%v`. */
export function printed(value: Value, budget: Budget): string {
  if (typeof value === 'string') return value
  if (isNumber(value)) return textOf(value)
  return format(value, 'v', noFlags(budget))
}

/** An argument of `printf` by its verb. */
export function format(value: Value, verb: string, flags: Flags): string {
  if (value === undefined || value === null) {
    return verb === 'v' || verb === 'T' ? pad(NIL, flags) : `%!${verb}(${NIL})`
  }
  if (verb === 'T') return pad(truncate(typeName(value), flags.precision), flags)
  // An address, and an error to wrap: no value of JSON has them.
  if (verb === 'p' || (verb === 'w' && typeof value === 'object'))
    return badVerb(value, verb, flags)
  return nested(value, verb, flags, 0)
}

/** `%!d(string=hi)` */
function badVerb(value: Value, verb: string, flags: Flags): string {
  return `%!${verb}(${typeName(value)}=${nested(value, 'v', flags, 0)})`
}

function nested(value: Value, verb: string, flags: Flags, depth: number): string {
  if (value === undefined || value === null) return flags.goSyntax ? 'interface {}(nil)' : NIL
  if (typeof value === 'string') {
    return formatText(value, verb, flags) ?? badVerb(value, verb, flags)
  }
  if (typeof value === 'boolean') {
    return verb === 't' || verb === 'v' ? pad(String(value), flags) : badVerb(value, verb, flags)
  }
  if (isNumber(value)) return formatNumber(value, verb, flags) ?? badVerb(value, verb, flags)
  if (depth === MAX_DATA_DEPTH)
    throw new Refusal(`the data is nested more than ${MAX_DATA_DEPTH} deep`)
  const texts = new Texts(flags.goSyntax ? ', ' : ' ', flags.budget)
  if (isList(value)) {
    for (const item of value) texts.add(nested(fromData(item), verb, flags, depth + 1))
    return flags.goSyntax ? `[]interface {}{${texts.joined}}` : `[${texts.joined}]`
  }
  for (const key of sortedKeys(value, flags.budget)) {
    const name = nested(key, verb, flags, depth + 1)
    texts.add(`${name}:${nested(valueAt(value, key), verb, flags, depth + 1)}`)
  }
  return flags.goSyntax ? `map[string]interface {}{${texts.joined}}` : `map[${texts.joined}]`
}

/** Texts with a separator between them, not more than may be. */
class Texts {
  joined = ''
  readonly #separator: string
  readonly #budget: Budget
  #isFirst = true

  constructor(separator: string, budget: Budget) {
    this.#separator = separator
    this.#budget = budget
  }

  add(text: string): void {
    this.joined += this.#isFirst ? text : this.#separator + text
    this.#isFirst = false
    this.#budget.work(ELEMENT_COST)
    if (this.joined.length > this.#budget.maxOutputBytes) throw new LimitReached('maxOutputBytes')
  }
}

/** Whole numbers take the verbs of integers and those of floats. */
function formatNumber(value: Numeric, verb: string, flags: Flags): string | undefined {
  if (isWhole(value)) {
    if (!Number.isSafeInteger(value)) flags.budget.work(LONG_NUMBER_COST)
    const text = formatInteger(wholeOf(value)!, verb, flags)
    if (text !== undefined) return text
  }
  // Kept decimals have more digits than a double; only plain printing shows them all.
  if (typeof value === 'object' && verb === 'v' && flags.precision === undefined) {
    return pad(textOf(value), flags)
  }
  flags.budget.work(LONG_NUMBER_COST + keptCost(value))
  return formatDouble(toDouble(value), verb, flags)
}
