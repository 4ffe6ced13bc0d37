import { isFunctionName } from '../functions/names.ts'
import { readCharacterConstant, readNumber, readString } from './literals.ts'
import type { CommandNode, OperandNode, PipeNode } from './nodes.ts'
import type { TokenReader } from './token-reader.ts'
import type { Token, TokenKind } from './tokens.ts'

/** Reads what stands inside actions, and knows which variables there are. */
export class ExpressionParser {
  readonly #tokens: TokenReader
  #variables: string[] = ['$']

  constructor(tokens: TokenReader) {
    this.#tokens = tokens
  }

  /** Forgets the variables that `read` declares. */
  scoped<Result>(read: () => Result): Result {
    const outer = this.#variables.length
    const result = read()
    this.#variables.length = outer
    return result
  }

  /** `read` sees none of the variables that there are. */
  isolated<Result>(read: () => Result): Result {
    const outer = this.#variables
    this.#variables = ['$']
    const result = read()
    this.#variables = outer
    return result
  }

  /** Up to `end`; `what` is for messages. */
  pipeline(what: string, end: 'close' | ')'): PipeNode {
    const { at } = this.#tokens.peekWord()
    const { variables, assigns } = this.#declarations(what)
    const commands: CommandNode[] = []
    for (;;) {
      const token = this.#tokens.nextWord()
      if (token.kind === end) break
      if (!BEGINS_COMMAND.has(token.kind)) this.#tokens.unexpected(token, what)
      this.#tokens.back(token)
      commands.push(this.#command())
    }
    const [first, ...rest] = commands
    if (!first) return this.#tokens.fail(`${what} lacks a value`)
    rest.forEach((command, i) => {
      if (NO_FUNCTION.has(command.operands[0].kind)) {
        this.#tokens.fail(`what stands after | is not a function, in stage ${i + 2}`, command.at)
      }
    })
    return { kind: 'pipe', at, variables, assigns, commands: [first, ...rest] }
  }

  /** `$x := `, `$x = `, and for ranges `$i, $x := `. */
  #declarations(what: string): { variables: string[]; assigns: boolean } {
    const variables: string[] = []
    while (this.#tokens.peekWord().kind === 'variable') {
      const variable = this.#tokens.next()
      const behind = this.#tokens.peek()
      const next = this.#tokens.peekWord()
      if (next.kind === '=' || next.kind === ':=') {
        this.#tokens.nextWord()
        this.#declare(variables, variable.text)
        return { variables, assigns: next.kind === '=' }
      }
      if (next.kind === 'other' && next.text === ',') {
        this.#tokens.nextWord()
        this.#declare(variables, variable.text)
        const isFirst = what === 'range' && variables.length < 2
        if (!isFirst) this.#tokens.fail(`too many variables in ${what}`)
        const { kind } = this.#tokens.peekWord()
        if (kind === 'variable' || kind === 'close' || kind === ')') continue
        this.#tokens.fail('a range can only set variables')
      }
      // An argument; whether a space follows matters.
      if (behind.kind === 'space') this.#tokens.back(behind)
      this.#tokens.back(variable)
      break
    }
    return { variables, assigns: false }
  }

  #declare(variables: string[], name: string): void {
    variables.push(name)
    this.#variables.push(name)
  }

  #command(): CommandNode {
    const { at } = this.#tokens.peekWord()
    const operands: OperandNode[] = []
    for (;;) {
      this.#tokens.peekWord()
      const operand = this.#operand()
      if (operand) operands.push(operand)
      const token = this.#tokens.next()
      if (token.kind === 'space') continue
      if (token.kind === 'close' || token.kind === ')') this.#tokens.back(token)
      else if (token.kind !== '|') this.#tokens.unexpected(token, 'a command')
      break
    }
    const [first, ...rest] = operands
    if (!first) return this.#tokens.fail('a command is empty')
    return { kind: 'command', at, operands: [first, ...rest] }
  }

  #operand(): OperandNode | undefined {
    const term = this.#term()
    if (!term) return undefined
    const first = this.#tokens.peek()
    if (first.kind !== 'field') return term
    const names: string[] = []
    while (this.#tokens.peek().kind === 'field') names.push(this.#tokens.next().text.slice(1))
    switch (term.kind) {
      case 'field':
      case 'variable':
        return { ...term, names: [...term.names, ...names] }
      case 'pipe':
      case 'identifier':
        return { kind: 'chain', at: first.at, of: term, names }
      default:
        return this.#tokens.fail(
          `a field cannot follow ${this.#tokens.text.slice(term.at, first.at)}`,
          first.at,
        )
    }
  }

  #term(): OperandNode | undefined {
    const token = this.#tokens.nextWord()
    const { at, text } = token
    switch (token.kind) {
      case 'identifier':
        if (!isFunctionName(text))
          this.#tokens.fail(`function ${JSON.stringify(text)} does not exist`, at)
        return { kind: 'identifier', at, name: text }
      case 'dot':
      case 'nil':
        return { kind: token.kind, at }
      case 'variable':
        if (!this.#variables.includes(text))
          this.#tokens.fail(`variable ${text} is not defined`, at)
        return { kind: 'variable', at, name: text, names: [] }
      case 'field':
        return { kind: 'field', at, names: [text.slice(1)] }
      case 'boolean':
        return { kind: 'literal', at, value: text === 'true', source: text }
      case 'string':
      case 'raw string':
        return { kind: 'literal', at, value: this.textOf(token), source: text }
      case 'char':
        return {
          kind: 'literal',
          at,
          value: this.#valueOf(readCharacterConstant(text), at),
          source: text,
        }
      case 'number':
      case 'imaginary':
        return { kind: 'literal', at, value: this.#valueOf(readNumber(text), at), source: text }
      case '(':
        return this.#tokens.nested(() => this.pipeline('parentheses', ')'))
      default:
        this.#tokens.back(token)
        return undefined
    }
  }

  /** The text that a string token stands for. */
  textOf(token: Token): string {
    return this.#valueOf(readString(token.text), token.at)
  }

  #valueOf<Value>(
    result: { readonly value: Value } | { readonly reason: string },
    at: number,
  ): Value {
    return 'reason' in result ? this.#tokens.fail(result.reason, at) : result.value
  }
}

const BEGINS_COMMAND: ReadonlySet<TokenKind> = new Set([
  'boolean',
  'char',
  'imaginary',
  'dot',
  'field',
  'identifier',
  'number',
  'nil',
  'raw string',
  'string',
  'variable',
  '(',
])

const NO_FUNCTION: ReadonlySet<OperandNode['kind']> = new Set(['literal', 'dot', 'nil'])
