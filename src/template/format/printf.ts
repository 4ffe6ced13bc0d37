import { typeName, type Value } from '../data/kinds.ts'
import { type Budget, LimitReached } from '../limits.ts'
import { isNumeric, isWhole } from '../numbers/number.ts'
import { type Flags, noFlags } from './flags.ts'
import { format, printed } from './values.ts'

/** Larger widths and precisions count as none. */
const MAX_SIZE = 1_000_000

/** Go's `fmt.Sprintf`. What does not fit is written into the text (`%!d(string=hi)`), it is no error. */
export function sprintf(template: string, values: readonly Value[], budget: Budget): string {
  return new Printer(template, values, budget).print()
}

class Printer {
  readonly #template: string
  readonly #values: readonly Value[]
  readonly #budget: Budget
  #at = 0
  #next = 0
  #isReordered = false
  #hasBadIndex = false
  #isBehindIndex = false
  #text = ''

  constructor(template: string, values: readonly Value[], budget: Budget) {
    this.#template = template
    this.#values = values
    this.#budget = budget
  }

  print(): string {
    for (;;) {
      const percent = this.#template.indexOf('%', this.#at)
      this.#text += this.#template.slice(this.#at, percent === -1 ? undefined : percent)
      if (percent === -1) break
      this.#at = percent + 1
      if (!this.#directive()) break
      if (this.#text.length > this.#budget.maxOutputBytes) throw new LimitReached('maxOutputBytes')
    }
    if (!this.#isReordered && this.#next < this.#values.length) this.#extra()
    return this.#text
  }

  /** False at the end of the template. */
  #directive(): boolean {
    const flags = this.#flags()
    this.#hasBadIndex = false
    this.#isBehindIndex = false
    this.#index()
    this.#width(flags)
    this.#precision(flags)
    if (!this.#isBehindIndex) this.#index()
    if (this.#at >= this.#template.length) {
      this.#text += '%!(NOVERB)'
      return false
    }
    const verb = String.fromCodePoint(this.#template.codePointAt(this.#at)!)
    this.#at += verb.length
    this.#text += this.#formatted(verb, flags)
    return true
  }

  #formatted(verb: string, flags: Flags): string {
    if (verb === '%') return '%'
    if (this.#hasBadIndex) return `%!${verb}(BADINDEX)`
    if (this.#next >= this.#values.length) return `%!${verb}(MISSING)`
    const value = this.#values[this.#next++]
    if (verb !== 'v' && verb !== 'w') return format(value, verb, flags)
    return format(value, verb, { ...flags, goSyntax: flags.sharp, sharp: false, plus: false })
  }

  #flags(): Flags {
    const flags = noFlags(this.#budget)
    for (; ; this.#at++) {
      switch (this.#template[this.#at]) {
        case '#':
          flags.sharp = true
          break
        case '0':
          flags.zero = true
          break
        case '+':
          flags.plus = true
          break
        case '-':
          flags.minus = true
          break
        case ' ':
          flags.space = true
          break
        default:
          return flags
      }
    }
  }

  #width(flags: Flags): void {
    if (this.#template[this.#at] === '*') {
      this.#at++
      const width = this.#sizeArgument()
      if (width === undefined) this.#text += '%!(BADWIDTH)'
      flags.width = width === undefined ? undefined : Math.abs(width)
      if (width !== undefined && width < 0) {
        flags.minus = true
        flags.zero = false
      }
      this.#isBehindIndex = false
      return
    }
    flags.width = this.#size()
    // "%[3]2d"
    if (this.#isBehindIndex && flags.width !== undefined) this.#hasBadIndex = true
  }

  #precision(flags: Flags): void {
    if (this.#template[this.#at] !== '.' || this.#at + 1 >= this.#template.length) return
    this.#at++
    // "%[3].2d"
    if (this.#isBehindIndex) this.#hasBadIndex = true
    this.#index()
    if (this.#template[this.#at] !== '*') {
      flags.precision = this.#size() ?? 0
      return
    }
    this.#at++
    const precision = this.#sizeArgument()
    flags.precision = precision === undefined || precision < 0 ? undefined : precision
    if (flags.precision === undefined) this.#text += '%!(BADPREC)'
    this.#isBehindIndex = false
  }

  /** `[2]`: which argument comes next. */
  #index(): void {
    this.#isBehindIndex = false
    if (this.#template[this.#at] !== '[') return
    this.#isReordered = true
    const end = this.#template.indexOf(']', this.#at)
    const isEmptyAtEnd = this.#template.length - this.#at < 3
    if (end === -1 || isEmptyAtEnd) {
      this.#at++
      this.#hasBadIndex = true
      return
    }
    const digits = this.#template.slice(this.#at + 1, end)
    this.#at = end + 1
    const number = /^\d+$/.test(digits) ? Number(digits) : 0
    if (number >= 1 && number <= this.#values.length) this.#next = number - 1
    else this.#hasBadIndex = true
    this.#isBehindIndex = /^\d+$/.test(digits) && Number(digits.slice(0, -1)) <= MAX_SIZE
  }

  /** Digits; too large ones eat the rest of the template. */
  #size(): number | undefined {
    const digits = /^\d+/.exec(this.#template.slice(this.#at, this.#at + 10))?.[0]
    if (digits === undefined) return undefined
    if (Number(digits.slice(0, -1)) > MAX_SIZE) {
      this.#at = this.#template.length
      return undefined
    }
    this.#at += digits.length
    return Number(digits)
  }

  #sizeArgument(): number | undefined {
    const value = this.#values[this.#next]
    if (this.#next < this.#values.length) this.#next++
    if (!isNumeric(value) || !isWhole(value)) return undefined
    const size = Number(value)
    return Math.abs(size) > MAX_SIZE ? undefined : size
  }

  #extra(): void {
    const rest = this.#values
      .slice(this.#next)
      .map((value) =>
        value === undefined || value === null
          ? '<nil>'
          : `${typeName(value)}=${printed(value, this.#budget)}`,
      )
    this.#text += `%!(EXTRA ${rest.join(', ')})`
  }
}
