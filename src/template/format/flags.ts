import type { Budget } from '../limits.ts'

/** What stands between `%` and the verb. */
export interface Flags {
  plus: boolean
  minus: boolean
  sharp: boolean
  space: boolean
  zero: boolean
  width: number | undefined
  precision: number | undefined
  /** `%#v`: as Go source. */
  goSyntax: boolean
  /** Widths of a million add up. */
  budget: Budget
}

export function noFlags(budget: Budget): Flags {
  return {
    plus: false,
    minus: false,
    sharp: false,
    space: false,
    zero: false,
    width: undefined,
    precision: undefined,
    goSyntax: false,
    budget,
  }
}

/** Fills up to the width, which counts characters: on the left, with zeros if asked; or on the right, with spaces. */
export function pad(text: string, { width, minus, zero }: Flags): string {
  if (width === undefined || width <= text.length / 2) return text
  const missing = width - characterCount(text)
  if (missing <= 0) return text
  return minus ? text + ' '.repeat(missing) : (zero ? '0' : ' ').repeat(missing) + text
}

/** `pad` for what zeros must not stand before. */
export function padWithSpaces(text: string, flags: Flags): string {
  return pad(text, { ...flags, zero: false })
}

/** The first `count` characters. */
export function truncate(text: string, count: number | undefined): string {
  if (count === undefined || text.length <= count) return text
  let end = 0
  for (let i = 0; i < count && end < text.length; i++) {
    end += text.codePointAt(end)! > 0xffff ? 2 : 1
  }
  return text.slice(0, end)
}

function characterCount(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}
