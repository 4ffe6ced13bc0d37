/** What the words of a template are. Keywords stand for themselves. */
export type TokenKind =
  | Keyword
  | 'error'
  | 'end of text'
  | 'text'
  | 'open' // {{
  | 'close' // }}
  | 'space'
  | 'boolean'
  | 'char'
  | 'number'
  | 'imaginary'
  | 'string'
  | 'raw string'
  | 'field' // .name
  | 'variable' // $name
  | 'identifier'
  | 'dot'
  | '='
  | ':='
  | '|'
  | '('
  | ')'
  | 'other' // a character that begins nothing, a comma for instance

export interface Token {
  readonly kind: TokenKind
  /** Where it begins, in UTF-16 units. */
  readonly at: number
  /** As it stands in the source; the reason, for an error. */
  readonly text: string
}

const KEYWORDS = [
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'nil',
  'range',
  'template',
  'with',
] as const

export type Keyword = (typeof KEYWORDS)[number]

/** Narrows a word to a keyword. */
export function isKeyword(word: string): word is Keyword {
  return (KEYWORDS as readonly string[]).includes(word)
}
