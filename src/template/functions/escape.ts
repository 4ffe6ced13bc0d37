import type { Value } from '../data/kinds.ts'
import type { Run } from '../evaluate/run.ts'
import { loneByte, toBytes } from '../text/go-string.ts'
import { isPrintable } from '../text/quote.ts'
import type { TemplateFunction } from './function.ts'
import { sprint } from './print.ts'

/** Safe between HTML tags and in attributes. */
export const html = escaper((text) => text.replace(/[\0"'&<>]/g, (c) => HTML[c]!))

/** Safe in a JavaScript string. */
export const js = escaper((text) => text.replace(/[\0-\x1f\\'"<>&=]|[^\0-\x7f]/gu, escapeForJs))

/** Safe in the query of a URL. */
export const urlquery = escaper((text) => {
  if (/^[\w.~-]*$/.test(text)) return text
  return Array.from(toBytes(text), (byte) => QUERY[byte]).join('')
})

/** What each byte becomes. */
const QUERY: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte)
  if (character === ' ') return '+'
  const isSafe = /[\w.~-]/.test(character)
  return isSafe ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
})

const HTML: Readonly<Record<string, string>> = {
  '\0': '\ufffd',
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
}

const JS: Readonly<Record<string, string>> = { '\\': '\\\\', "'": "\\'", '"': '\\"' }

/** What escaping a character costs, in characters that are only passed on. */
const ESCAPE_COST = 4

function escaper(escape: (text: string) => string): TemplateFunction {
  return {
    parameters: [],
    takesMore: true,
    call: (values, run) => {
      const text = run.made(textOf(values, run))
      run.work(text.length * ESCAPE_COST)
      return run.made(escape(text))
    },
  }
}

/** What `print` makes of the values, where nothing is written as `{{ }}` writes it. */
function textOf(values: readonly Value[], run: Run): string {
  return sprint(
    values.map((value) => value ?? '<no value>'),
    run,
  )
}

function escapeForJs(character: string): string {
  const known = JS[character]
  if (known !== undefined) return known
  const code = character.codePointAt(0)!
  if (code >= 0x80 && (loneByte(character) !== undefined || isPrintable(character)))
    return character
  return `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`
}
