import { isAppError } from '../../base/errors.ts'
import { parseJsonText } from '../../base/parse-json-text.ts'
import { fromData, isList, isNumber, sortedKeys, type Value, valueAt } from '../data/kinds.ts'
import {
  type Budget,
  ELEMENT_COST,
  LimitReached,
  MAX_DATA_DEPTH,
  QUOTE_COST,
  Refusal,
} from '../limits.ts'
import { toText } from '../text/go-string.ts'
import type { TemplateValue } from '../values.ts'
import type { TemplateFunction } from './function.ts'

/** What reading a character costs, in characters that are only passed on. */
const PARSE_COST = 2

/** A value as JSON: compact, keys in order, numbers exact. */
export const json: TemplateFunction = {
  parameters: ['any'],
  call: ([value], run) => run.made(new Writer(run).write(value)),
}

/** The value of a JSON text, numbers exact. */
export const fromJson: TemplateFunction = {
  parameters: ['text'],
  call: ([text], run) => {
    run.work((text as string).length * PARSE_COST)
    try {
      return fromData(parseJsonText(toText(text as string)) as TemplateValue)
    } catch (error) {
      if (isAppError(error)) throw new Refusal(error.message.replace('The', 'the'))
      throw new Refusal(`the text is no JSON: ${(error as Error).message}`)
    }
  },
}

class Writer {
  readonly #budget: Budget
  #text = ''

  constructor(budget: Budget) {
    this.#budget = budget
  }

  write(value: Value): string {
    this.#value(value, 0)
    return this.#text
  }

  #value(value: Value, depth: number): void {
    this.#budget.work(ELEMENT_COST)
    if (value === undefined || value === null) this.#add('null')
    else if (typeof value === 'string') this.#add(this.#string(value))
    else if (typeof value === 'boolean') this.#add(String(value))
    else if (isNumber(value)) {
      this.#add(typeof value === 'bigint' ? String(value) : JSON.stringify(value))
    } else if (depth === MAX_DATA_DEPTH) {
      throw new Refusal(`the data is nested more than ${MAX_DATA_DEPTH} deep`)
    } else if (isList(value)) this.#list(value, depth)
    else this.#object(value, depth)
  }

  #list(list: readonly TemplateValue[], depth: number): void {
    this.#add('[')
    list.forEach((item, i) => {
      if (i > 0) this.#add(',')
      this.#value(fromData(item), depth + 1)
    })
    this.#add(']')
  }

  #object(object: { readonly [key: string]: TemplateValue | undefined }, depth: number): void {
    this.#add('{')
    sortedKeys(object, this.#budget).forEach((key, i) => {
      this.#add(`${i > 0 ? ',' : ''}${jsonString(key)}:`)
      this.#value(valueAt(object, key), depth + 1)
    })
    this.#add('}')
  }

  #string(text: string): string {
    if (!text.isWellFormed()) this.#budget.work(text.length * QUOTE_COST)
    return jsonString(text)
  }

  #add(text: string): void {
    this.#text += text
    if (this.#text.length > this.#budget.maxOutputBytes) throw new LimitReached('maxOutputBytes')
  }
}

/** Like Go, safe inside HTML and JavaScript too, with an escape for each byte that is no UTF-8. */
function jsonString(text: string): string {
  const quoted = text.isWellFormed()
    ? JSON.stringify(text)
    : `"${Array.from(text.split(/\p{Cs}/u), (part) => JSON.stringify(part).slice(1, -1)).join('\\ufffd')}"`
  return quoted.replace(
    /[<>&\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
