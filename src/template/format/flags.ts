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
  /** What a text may grow to, in UTF-16 units; widths of a million add up. */
  maxLength: number
}

export function noFlags(maxLength: number): Flags {
  return {
    plus: false,
    minus: false,
    sharp: false,
    space: false,
    zero: false,
    width: undefined,
    precision: undefined,
    goSyntax: false,
    maxLength,
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
