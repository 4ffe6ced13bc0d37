import { Lexer } from './lexer.ts'
import { positionAt } from './position.ts'
import type { Token, TokenKind } from './tokens.ts'

/** A template text that is none: why, and where (a UTF-16 offset). Thrown inside this folder only. */
export class SyntaxMistake extends Error {
  readonly at: number

  constructor(reason: string, at: number) {
    super(reason)
    this.at = at
  }
}

/** How deep parentheses, `if`, `with`, `range` and `block` may be nested in each other. */
const MAX_DEPTH = 200

/**
 * The tokens of a template, with as many read ahead as one likes. Like in Go, spaces count where operands end, and a mistake is
 * reported in the line of the token that was read last.
 */
export class TokenReader {
  readonly text: string
  readonly #lexer: Lexer
  /** What was read ahead; the next one is the last. */
  readonly #ahead: Token[] = []
  /** The token that the lexer gave last. */
  #newest: Token = { kind: 'end of text', at: 0, text: '' }
  #depth = 0

  constructor(text: string) {
    this.text = text
    this.#lexer = new Lexer(text)
  }

  next(): Token {
    return this.#ahead.pop() ?? (this.#newest = this.#lexer.next())
  }

  peek(): Token {
    const token = this.next()
    this.back(token)
    return token
  }

  /** The next token that is no space. */
  nextWord(): Token {
    for (;;) {
      const token = this.next()
      if (token.kind !== 'space') return token
    }
  }

  peekWord(): Token {
    const token = this.nextWord()
    this.back(token)
    return token
  }

  expect(kinds: readonly TokenKind[], what: string): Token {
    const token = this.nextWord()
    return kinds.includes(token.kind) ? token : this.unexpected(token, what)
  }

  unexpected(token: Token, what: string): never {
    if (token.kind === 'error') return this.fail(token.text, token.at)
    const found = token.text === '' ? token.kind : JSON.stringify(token.text)
    return this.fail(`unexpected ${found} in ${what}`, token.at)
  }

  /** At the newest token, or at `at` when that is in the same line. */
  fail(reason: string, at = this.#newest.at): never {
    const isSameLine = this.#lineOf(at) === this.#lineOf(this.#newest.at)
    throw new SyntaxMistake(reason, isSameLine ? at : this.#newest.at)
  }

  #lineOf(at: number): number {
    return positionAt(this.text, at).line
  }

  /** Gives a token back, to be read again. */
  back(token: Token): void {
    this.#ahead.push(token)
  }

  /** Reads something that may hold its like. */
  nested<Result>(read: () => Result): Result {
    if (this.#depth === MAX_DEPTH) this.fail(`nested more than ${MAX_DEPTH} deep`)
    this.#depth++
    const result = read()
    this.#depth--
    return result
  }
}
