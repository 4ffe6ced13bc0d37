import { index, length, slice } from './access.ts'
import { call } from './call.ts'
import { equal, greater, greaterOrEqual, less, lessOrEqual, notEqual } from './compare.ts'
import { html, js, urlquery } from './escape.ts'
import type { TemplateFunction } from './function.ts'
import { fromJson, json } from './json.ts'
import type { FunctionName } from './names.ts'
import { not } from './not.ts'
import { print, printf, println } from './print.ts'
import { quoted } from './quote.ts'

/** All but `and` and `or`, which do not evaluate all of their arguments. */
export const FUNCTIONS: Readonly<Record<Exclude<FunctionName, 'and' | 'or'>, TemplateFunction>> = {
  call,
  eq: equal,
  fromJson,
  ge: greaterOrEqual,
  gt: greater,
  html,
  index,
  js,
  json,
  le: lessOrEqual,
  len: length,
  lt: less,
  ne: notEqual,
  not,
  print,
  printf,
  println,
  quote: quoted,
  slice,
  urlquery,
}
