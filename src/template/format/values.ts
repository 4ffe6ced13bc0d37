import {
  fromData,
  isList,
  isNumber,
  sortedKeys,
  typeName,
  type Value,
  valueAt,
} from '../data/kinds.ts'
import { LimitReached, Refusal } from '../limits.ts'
import { isWhole, type Numeric, textOf, toDouble, wholeOf } from '../numbers/number.ts'
import { type Flags, noFlags, pad, truncate } from './flags.ts'
import { formatDouble } from './floats.ts'
import { formatInteger } from './integers.ts'
import { formatText } from './texts.ts'

/** Lists and objects in each other; the stack bears more. */
const MAX_DEPTH = 1000
const NIL = '<nil>'

/** A value as `print` and `{{ }}` write it: Go's `%v`. */
export function printed(value: Value, maxLength: number): string {
  if (typeof value === 'string') return value
  if (isNumber(value)) return textOf(value)
  return format(value, 'v', noFlags(maxLength))
}

/** An argument of `printf` by its verb. */
export function format(value: Value, verb: string, flags: Flags): string {
  if (verb === 'T') {
    const name = value === undefined || value === null ? NIL : typeName(value)
    return pad(truncate(name, flags.precision), flags)
  }
  if (value === undefined || value === null) {
    return verb === 'v' ? pad(NIL, flags) : `%!${verb}(${NIL})`
  }
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
  if (depth === MAX_DEPTH) throw new Refusal(`the data is nested more than ${MAX_DEPTH} deep`)
  const texts = new Texts(flags.goSyntax ? ', ' : ' ', flags.maxLength)
  if (isList(value)) {
    for (const item of value) texts.add(nested(fromData(item), verb, flags, depth + 1))
    return flags.goSyntax ? `[]interface {}{${texts.joined}}` : `[${texts.joined}]`
  }
  for (const key of sortedKeys(value)) {
    const name = nested(key, verb, flags, depth + 1)
    texts.add(`${name}:${nested(valueAt(value, key), verb, flags, depth + 1)}`)
  }
  return flags.goSyntax ? `map[string]interface {}{${texts.joined}}` : `map[${texts.joined}]`
}

/** Texts with a separator between them, not more than may be. */
class Texts {
  joined = ''
  readonly #separator: string
  readonly #maxLength: number
  #isFirst = true

  constructor(separator: string, maxLength: number) {
    this.#separator = separator
    this.#maxLength = maxLength
  }

  add(text: string): void {
    this.joined += this.#isFirst ? text : this.#separator + text
    this.#isFirst = false
    if (this.joined.length > this.#maxLength) throw new LimitReached('maxOutputBytes')
  }
}

/** Whole numbers take the verbs of integers and those of floats. */
function formatNumber(value: Numeric, verb: string, flags: Flags): string | undefined {
  if (isWhole(value)) {
    const text = formatInteger(wholeOf(value)!, verb, flags)
    if (text !== undefined) return text
  }
  // Kept decimals have more digits than a double; only plain printing shows them all.
  if (typeof value === 'object' && verb === 'v' && flags.precision === undefined) {
    return pad(textOf(value), flags)
  }
  return formatDouble(toDouble(value), verb, flags)
}
