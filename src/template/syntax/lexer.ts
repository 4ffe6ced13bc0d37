import { isKeyword, type Token, type TokenKind } from './tokens.ts'

const OPEN = '{{'
const CLOSE = '}}'
const COMMENT_OPEN = '/*'
const COMMENT_CLOSE = '*/'

/**
 * Cuts the text of a template into tokens, one at a time. What trim markers take away and comments are gone; spaces inside
 * actions stay, since they separate operands. A mistake is a token too, the last one.
 */
export class Lexer {
  readonly #text: string
  #at = 0
  /** Where the token being read begins. */
  #start = 0
  #inAction = false
  #openParentheses = 0
  #mistake: Token | undefined

  constructor(text: string) {
    this.#text = text
  }

  next(): Token {
    if (this.#mistake) return this.#mistake
    return this.#inAction ? this.#nextInAction() : this.#nextOutside()
  }

  #nextOutside(): Token {
    for (;;) {
      const open = this.#text.indexOf(OPEN, this.#at)
      const end = open === -1 ? this.#text.length : open
      const from = this.#at
      let to = end
      if (open !== -1 && hasLeftTrimMarker(this.#text, open + OPEN.length)) {
        while (to > from && isSpace(this.#text[to - 1])) to--
      }
      this.#at = this.#start = end
      if (to > from) return { kind: 'text', at: from, text: this.#text.slice(from, to) }
      if (open === -1) return { kind: 'end of text', at: end, text: '' }
      const token = this.#openOrComment()
      if (token) return token
    }
  }

  /** Nothing for a comment, which is skipped. */
  #openOrComment(): Token | undefined {
    const open = this.#start
    this.#at += OPEN.length
    if (hasLeftTrimMarker(this.#text, this.#at)) this.#at += 2
    this.#start = this.#at
    if (this.#text.startsWith(COMMENT_OPEN, this.#at)) return this.#comment()
    this.#inAction = true
    this.#openParentheses = 0
    return { kind: 'open', at: open, text: OPEN }
  }

  #comment(): Token | undefined {
    const end = this.#text.indexOf(COMMENT_CLOSE, this.#at + COMMENT_OPEN.length)
    if (end === -1) return this.#error('the comment is not closed')
    this.#at = end + COMMENT_CLOSE.length
    if (!this.#isAtClose()) return this.#error('a comment ends right before the closing }}')
    this.#skipClose()
    this.#start = this.#at
    return undefined
  }

  #nextInAction(): Token {
    this.#start = this.#at
    if (this.#isAtClose()) {
      if (this.#openParentheses > 0) return this.#error('a parenthesis is not closed')
      return this.#close()
    }
    const c = this.#read()
    if (c === '') return this.#error('the action is not closed')
    if (isSpace(c)) return this.#space()
    switch (c) {
      case '=':
      case '|':
        return this.#token(c)
      case ':':
        if (this.#read() !== '=') return this.#error('expected :=')
        return this.#token(':=')
      case '(':
        this.#openParentheses++
        return this.#token('(')
      case ')':
        if (--this.#openParentheses < 0)
          return this.#error('a parenthesis is closed but not opened')
        return this.#token(')')
      case '"':
        return this.#quoted('"', 'string', 'the string is not closed')
      case "'":
        return this.#quoted("'", 'char', 'the character constant is not closed')
      case '`':
        return this.#rawString()
      case '$':
        return this.#name('variable', 'variable')
      case '.':
        if (!isDecimalDigit(this.#text[this.#at])) return this.#name('field', 'dot')
        this.#at = this.#start
        return this.#number()
    }
    if (c === '+' || c === '-' || isDecimalDigit(c)) {
      this.#at = this.#start
      return this.#number()
    }
    if (isAlphanumeric(c)) return this.#word()
    if (c > ' ' && c < '\x7f') return this.#token('other')
    return this.#error(`the character ${JSON.stringify(c)} has no meaning in an action`)
  }

  #close(): Token {
    const marked = this.#text[this.#at] !== CLOSE[0]
    const at = marked ? this.#at + 2 : this.#at
    this.#skipClose()
    this.#inAction = false
    return { kind: 'close', at, text: CLOSE }
  }

  #isAtClose(): boolean {
    return (
      this.#text.startsWith(CLOSE, this.#at) ||
      (hasRightTrimMarker(this.#text, this.#at) && this.#text.startsWith(CLOSE, this.#at + 2))
    )
  }

  #skipClose(): void {
    const marked = this.#text[this.#at] !== CLOSE[0]
    this.#at += marked ? 2 + CLOSE.length : CLOSE.length
    if (marked) while (isSpace(this.#text[this.#at])) this.#at++
  }

  /** Leaves the last space to a trim marker. */
  #space(): Token {
    while (isSpace(this.#text[this.#at])) this.#at++
    this.#at--
    if (this.#isAtClose()) {
      if (this.#at === this.#start) return this.#nextInAction()
    } else this.#at++
    return this.#token('space')
  }

  /** The first character, `.` or `$`, was read. */
  #name(kind: TokenKind, alone: TokenKind): Token {
    while (isAlphanumeric(this.#peek())) this.#read()
    if (!this.#isAtTerminator()) return this.#badCharacter()
    return this.#token(this.#at === this.#start + 1 ? alone : kind)
  }

  #word(): Token {
    while (isAlphanumeric(this.#peek())) this.#read()
    if (!this.#isAtTerminator()) return this.#badCharacter()
    const word = this.#text.slice(this.#start, this.#at)
    if (isKeyword(word)) return this.#token(word)
    return this.#token(word === 'true' || word === 'false' ? 'boolean' : 'identifier')
  }

  #isAtTerminator(): boolean {
    const c = this.#peek()
    return c === '' || isSpace(c) || '.,|:()'.includes(c) || this.#text.startsWith(CLOSE, this.#at)
  }

  #badCharacter(): Token {
    const word = this.#text.slice(this.#start, this.#at)
    return this.#error(`${JSON.stringify(this.#peek())} cannot follow ${JSON.stringify(word)}`)
  }

  #quoted(quote: string, kind: TokenKind, mistake: string): Token {
    for (;;) {
      let c = this.#read()
      if (c === quote) return this.#token(kind)
      if (c === '\\') c = this.#read()
      if (c === '' || c === '\n') return this.#error(mistake)
    }
  }

  #rawString(): Token {
    const end = this.#text.indexOf('`', this.#at)
    if (end === -1) return this.#error('the raw string is not closed')
    this.#at = end + 1
    return this.#token('raw string')
  }

  /** Generous: what is no number is found out when its value is read. */
  #number(): Token {
    if (!this.#scanNumber()) return this.#badNumber()
    const next = this.#peek()
    if (next !== '+' && next !== '-') return this.#token('number')
    if (!this.#scanNumber() || this.#text[this.#at - 1] !== 'i') return this.#badNumber()
    return this.#token('imaginary')
  }

  #scanNumber(): boolean {
    const pattern =
      /[+-]?(?:0[xX][\da-fA-F_]*(?:\.[\da-fA-F_]*)?(?:[pP][+-]?[\d_]*)?|0[oO][0-7_]*(?:\.[0-7_]*)?|0[bB][01_]*(?:\.[01_]*)?|[\d_]*(?:\.[\d_]*)?(?:[eE][+-]?[\d_]*)?)i?/y
    pattern.lastIndex = this.#at
    pattern.test(this.#text)
    this.#at = pattern.lastIndex
    if (!isAlphanumeric(this.#peek())) return true
    this.#read()
    return false
  }

  #badNumber(): Token {
    return this.#error(`${JSON.stringify(this.#text.slice(this.#start, this.#at))} is no number`)
  }

  /** The next code point; empty at the end. */
  #peek(): string {
    const code = this.#text.codePointAt(this.#at)
    return code === undefined ? '' : String.fromCodePoint(code)
  }

  #read(): string {
    const c = this.#peek()
    this.#at += c.length
    return c
  }

  #token(kind: TokenKind): Token {
    return { kind, at: this.#start, text: this.#text.slice(this.#start, this.#at) }
  }

  #error(reason: string): Token {
    return (this.#mistake = { kind: 'error', at: this.#start, text: reason })
  }
}

function isSpace(c: string | undefined): boolean {
  return c === ' ' || c === '\t' || c === '\r' || c === '\n'
}

function isDecimalDigit(c: string | undefined): boolean {
  return c !== undefined && c >= '0' && c <= '9'
}

function isAlphanumeric(c: string): boolean {
  return /^[\p{L}\p{Nd}_]/u.test(c)
}

/** `- ` right behind `{{`. */
function hasLeftTrimMarker(text: string, at: number): boolean {
  return text[at] === '-' && isSpace(text[at + 1])
}

/** ` -`, which counts before `}}`. */
function hasRightTrimMarker(text: string, at: number): boolean {
  return isSpace(text[at]) && text[at + 1] === '-'
}
