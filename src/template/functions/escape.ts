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
  let query = ''
  for (const byte of toBytes(text)) {
    const c = String.fromCharCode(byte)
    if (/[\w.~-]/.test(c)) query += c
    else query += c === ' ' ? '+' : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return query
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

function escaper(escape: (text: string) => string): TemplateFunction {
  return {
    parameters: [],
    takesMore: true,
    call: (values, run) => run.made(escape(run.made(textOf(values, run)))),
  }
}

/** What `print` makes of the values, where nothing is written as `{{ }}` writes it. */
function textOf(values: readonly Value[], run: Run): string {
  return sprint(
    values.map((value) => value ?? '<no value>'),
    run.maxOutputBytes,
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
