/** What each operator of RFC 6570 puts before, between and in its values. */
const OPERATORS: Readonly<Record<string, { first: string; named: boolean; value: string }>> = {
  '': { first: '', named: false, value: '[^/?#&,]*' },
  '+': { first: '', named: false, value: '.*' },
  '#': { first: '#', named: false, value: '.*' },
  '.': { first: '\\.', named: false, value: '[^/?#]*' },
  '/': { first: '/', named: false, value: '[^/?#]*' },
  ';': { first: ';', named: true, value: '[^/?#;]*' },
  '?': { first: '\\?', named: true, value: '[^#&]*' },
  '&': { first: '&', named: true, value: '[^#&]*' },
}

const EXPRESSION =
  /^([+#./;?&]?)([A-Za-z0-9_.%]+(?::\d{1,4}|\*)?(?:,[A-Za-z0-9_.%]+(?::\d{1,4}|\*)?)*)$/

/**
 * Whether a uri can be an expansion of an RFC 6570 template; undefined if the template cannot be parsed. Levels 1 to 4;
 * values are not taken apart, named ones (`?`, `&`, `;`) may be missing.
 */
export function createTemplateMatcher(template: string): ((uri: string) => boolean) | undefined {
  let pattern = ''
  let at = 0
  while (at < template.length) {
    const open = template.indexOf('{', at)
    const literal = template.slice(at, open < 0 ? undefined : open)
    if (literal.includes('}')) return undefined
    pattern += escapeLiteral(literal)
    if (open < 0) break
    const close = template.indexOf('}', open)
    if (close < 0) return undefined
    const expression = expressionPattern(template.slice(open + 1, close))
    if (expression === undefined) return undefined
    pattern += expression
    at = close + 1
  }
  const regex = new RegExp(`^${pattern}$`, 's')
  return (uri) => uri.length <= MAX_URI_LENGTH && regex.test(uri)
}

/** Bounds the work of a match; longer uris are matched exactly or not at all. */
const MAX_URI_LENGTH = 8192

function expressionPattern(expression: string): string | undefined {
  const [, operator = '', names] = EXPRESSION.exec(expression) ?? []
  const rules = OPERATORS[operator]
  if (names === undefined || rules === undefined) return undefined
  const { first, named, value } = rules
  // Values of one expression stand side by side: one run of their characters and separators says as much.
  if (named) return `(?:${first}${operator === ';' ? '[^/?#]*' : '[^#]*'})?`
  const isList = names.includes(',') || names.includes('*')
  if (!isList)
    return operator === '/' || operator === '.'
      ? `(?:${first}${value})?`
      : optionalFirst(first, value)
  return operator === '/'
    ? '(?:/[^?#]*)?'
    : optionalFirst(first, operator === '' ? '[^/?#]*' : value)
}

function optionalFirst(first: string, value: string): string {
  return first === '' ? value : `(?:${first}${value})?`
}

function escapeLiteral(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
