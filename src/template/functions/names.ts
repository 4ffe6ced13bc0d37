/** The functions of templates: Go's, and `json`, `fromJson` and `quote`. */
export const FUNCTION_NAMES = [
  'and',
  'call',
  'eq',
  'fromJson',
  'ge',
  'gt',
  'html',
  'index',
  'js',
  'json',
  'le',
  'len',
  'lt',
  'ne',
  'not',
  'or',
  'print',
  'printf',
  'println',
  'quote',
  'slice',
  'urlquery',
] as const

export type FunctionName = (typeof FUNCTION_NAMES)[number]

/** Narrows a word to the name of a function. */
export function isFunctionName(name: string): name is FunctionName {
  return (FUNCTION_NAMES as readonly string[]).includes(name)
}
