import { readCharacterConstant, readNumber, readString } from './literals.ts'
import { Lexer } from './lexer.ts'
import type {
  ActionNode,
  CommandNode,
  IfNode,
  ListNode,
  OperandNode,
  PipeNode,
  RangeNode,
  StatementNode,
  TemplateCallNode,
  WithNode,
} from './nodes.ts'
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

export interface ParsedTemplate {
  readonly root: ListNode
  readonly definitions: ReadonlyMap<string, ListNode>
}

/** How deep parentheses, `if`, `with`, `range` and `block` may be nested in each other. */
const MAX_DEPTH = 200

/**
 * Reads a template. Like Go's reader it looks ahead by tokens, spaces included, and reports a mistake in the line of the token
 * it has read last.
 */
export class Parser {
  readonly #text: string
  readonly #isFunction: (name: string) => boolean
  readonly #lexer: Lexer
  readonly #definitions = new Map<string, ListNode>()
  /** What was read ahead; the next one is the last. */
  readonly #ahead: Token[] = []
  /** The token that the lexer gave last. */
  #newest: Token = { kind: 'end of text', at: 0, text: '' }
  #variables: string[] = ['$']
  #ranges = 0
  #depth = 0

  constructor(text: string, isFunction: (name: string) => boolean) {
    this.#text = text
    this.#isFunction = isFunction
    this.#lexer = new Lexer(text)
  }

  parse(): ParsedTemplate {
    const nodes: StatementNode[] = []
    for (;;) {
      const token = this.#peek()
      if (token.kind === 'end of text') break
      if (token.kind === 'open' && this.#definition()) continue
      const item = this.#textOrAction()
      if (isClosing(item)) this.#fail(`{{${item.kind}}} closes nothing`, item.at)
      nodes.push(item)
    }
    return { root: { kind: 'list', at: 0, nodes }, definitions: this.#definitions }
  }

  /** True when the action was `{{define "name"}} … {{end}}`; false with nothing read. */
  #definition(): boolean {
    const open = this.#next()
    const keyword = this.#nextWord()
    if (keyword.kind !== 'define') {
      this.#ahead.push(keyword, open)
      return false
    }
    const name = this.#expect(['string', 'raw string'], 'the name of a definition')
    const text = this.#textOf(name)
    this.#expect(['close'], 'a definition')
    this.#define(text, name.at, 'definition')
    return true
  }

  /** Reads the body of a definition, which sees neither variables nor ranges around it. */
  #define(name: string, at: number, what: string): void {
    const outer = { variables: this.#variables, ranges: this.#ranges }
    this.#variables = ['$']
    this.#ranges = 0
    const { list, closing } = this.#nested(() => this.#list())
    if (closing.kind !== 'end') this.#fail(`unexpected {{else}} in a ${what}`, closing.at)
    this.#variables = outer.variables
    this.#ranges = outer.ranges
    const known = this.#definitions.get(name)
    if (known === undefined || isBlank(known)) this.#definitions.set(name, list)
    else if (!isBlank(list)) this.#fail(`template ${JSON.stringify(name)} is defined twice`, at)
  }

  /** Up to `{{end}}` or `{{else}}`. */
  #list(): { list: ListNode; closing: Closing } {
    const nodes: StatementNode[] = []
    const { at } = this.#peekWord()
    while (this.#peekWord().kind !== 'end of text') {
      const item = this.#textOrAction()
      if (isClosing(item)) return { list: { kind: 'list', at, nodes }, closing: item }
      nodes.push(item)
    }
    return this.#fail('the template ends before {{end}}')
  }

  #textOrAction(): StatementNode | Closing {
    const token = this.#nextWord()
    if (token.kind === 'text') return { kind: 'text', at: token.at, text: token.text }
    if (token.kind === 'open') return this.#action()
    return this.#unexpected(token, 'the template')
  }

  #action(): StatementNode | Closing {
    const token = this.#nextWord()
    switch (token.kind) {
      case 'block':
        return this.#block()
      case 'break':
      case 'continue':
        return this.#leaveRange(token.kind, token.at)
      case 'else':
        return this.#else(token.at)
      case 'end':
        this.#expect(['close'], '{{end}}')
        return { kind: 'end', at: token.at }
      case 'if':
        return this.#if()
      case 'range':
        return this.#range()
      case 'template':
        return this.#templateCall()
      case 'with':
        return this.#with()
      default:
        this.#ahead.push(token)
    }
    // Its variables live until the `end` of what is around it.
    const pipe = this.#pipeline('an action', 'close')
    return { kind: 'action', at: token.at, pipe } satisfies ActionNode
  }

  #leaveRange(kind: 'break' | 'continue', at: number): StatementNode {
    const token = this.#nextWord()
    if (token.kind !== 'close') this.#unexpected(token, `{{${kind}}}`)
    if (this.#ranges === 0) this.#fail(`{{${kind}}} outside of {{range}}`, at)
    return { kind, at }
  }

  /** Leaves the `if` or `with` of an `else if` to be read. */
  #else(at: number): Closing {
    const { kind } = this.#peekWord()
    if (kind !== 'if' && kind !== 'with') this.#expect(['close'], '{{else}}')
    return { kind: 'else', at }
  }

  #if(): IfNode {
    const { pipe, body, otherwise } = this.#control('if', () => this.#if())
    return { kind: 'if', at: pipe.at, pipe, body, otherwise }
  }

  #with(): WithNode {
    const { pipe, body, otherwise } = this.#control('with', () => this.#with())
    return { kind: 'with', at: pipe.at, pipe, body, otherwise }
  }

  #range(): RangeNode {
    const { pipe, body, otherwise } = this.#control('range')
    return { kind: 'range', at: pipe.at, pipe, body, otherwise }
  }

  /** `{{else if …}}` is `{{else}}{{if …}}`, with an `{{end}}` for both. */
  #control(
    keyword: 'if' | 'with' | 'range',
    chained?: () => IfNode | WithNode,
  ): { pipe: PipeNode; body: ListNode; otherwise: ListNode | undefined } {
    return this.#nested(() => {
      const outer = this.#variables.length
      const pipe = this.#pipeline(keyword, 'close')
      if (keyword === 'range') this.#ranges++
      const { list: body, closing } = this.#list()
      if (keyword === 'range') this.#ranges--
      const otherwise =
        closing.kind === 'else' ? this.#otherwise(keyword, closing.at, chained) : undefined
      this.#variables.length = outer
      return { pipe, body, otherwise }
    })
  }

  #otherwise(keyword: string, at: number, chained?: () => IfNode | WithNode): ListNode {
    if (chained && this.#peek().kind === keyword) {
      this.#next()
      return { kind: 'list', at, nodes: [chained()] }
    }
    const { list, closing } = this.#list()
    if (closing.kind !== 'end')
      this.#fail('expected {{end}} instead of a second {{else}}', closing.at)
    return list
  }

  #block(): TemplateCallNode {
    const token = this.#nextWord()
    const name = this.#templateName(token, '{{block}}')
    const pipe = this.#pipeline('{{block}}', 'close')
    this.#define(name, token.at, 'block')
    return { kind: 'template', at: token.at, name, pipe }
  }

  #templateCall(): TemplateCallNode {
    const token = this.#nextWord()
    const name = this.#templateName(token, '{{template}}')
    const next = this.#nextWord()
    if (next.kind === 'close') return { kind: 'template', at: token.at, name, pipe: undefined }
    this.#ahead.push(next)
    const pipe = this.#pipeline('{{template}}', 'close')
    return { kind: 'template', at: token.at, name, pipe }
  }

  #templateName(token: Token, what: string): string {
    if (token.kind !== 'string' && token.kind !== 'raw string') this.#unexpected(token, what)
    return this.#textOf(token)
  }

  #pipeline(what: string, end: 'close' | ')'): PipeNode {
    const { at } = this.#peekWord()
    const { variables, assigns } = this.#declarations(what)
    const commands: CommandNode[] = []
    for (;;) {
      const token = this.#nextWord()
      if (token.kind === end) break
      if (!BEGINS_COMMAND.has(token.kind)) this.#unexpected(token, what)
      this.#ahead.push(token)
      commands.push(this.#command())
    }
    const [first, ...rest] = commands
    if (!first) return this.#fail(`${what} lacks a value`)
    rest.forEach((command, i) => {
      if (NO_FUNCTION.has(command.operands[0].kind)) {
        this.#fail(`what stands after | is not a function, in stage ${i + 2}`, command.at)
      }
    })
    return { kind: 'pipe', at, variables, assigns, commands: [first, ...rest] }
  }

  /** `$x := `, `$x = `, and for ranges `$i, $x := `. */
  #declarations(what: string): { variables: string[]; assigns: boolean } {
    const variables: string[] = []
    while (this.#peekWord().kind === 'variable') {
      const variable = this.#next()
      const behind = this.#peek()
      const next = this.#peekWord()
      if (next.kind === '=' || next.kind === ':=') {
        this.#nextWord()
        this.#declare(variables, variable.text)
        return { variables, assigns: next.kind === '=' }
      }
      if (next.kind === 'other' && next.text === ',') {
        this.#nextWord()
        this.#declare(variables, variable.text)
        const isFirst = what === 'range' && variables.length < 2
        if (!isFirst) this.#fail(`too many variables in ${what}`)
        const { kind } = this.#peekWord()
        if (kind === 'variable' || kind === 'close' || kind === ')') continue
        this.#fail('a range can only set variables')
      }
      // An argument; whether a space follows matters.
      if (behind.kind === 'space') this.#ahead.push(behind)
      this.#ahead.push(variable)
      break
    }
    return { variables, assigns: false }
  }

  #declare(variables: string[], name: string): void {
    variables.push(name)
    this.#variables.push(name)
  }

  #command(): CommandNode {
    const { at } = this.#peekWord()
    const operands: OperandNode[] = []
    for (;;) {
      this.#peekWord()
      const operand = this.#operand()
      if (operand) operands.push(operand)
      const token = this.#next()
      if (token.kind === 'space') continue
      if (token.kind === 'close' || token.kind === ')') this.#ahead.push(token)
      else if (token.kind !== '|') this.#unexpected(token, 'a command')
      break
    }
    const [first, ...rest] = operands
    if (!first) return this.#fail('a command is empty')
    return { kind: 'command', at, operands: [first, ...rest] }
  }

  #operand(): OperandNode | undefined {
    const term = this.#term()
    if (!term) return undefined
    const first = this.#peek()
    if (first.kind !== 'field') return term
    const names: string[] = []
    while (this.#peek().kind === 'field') names.push(this.#next().text.slice(1))
    switch (term.kind) {
      case 'field':
      case 'variable':
        return { ...term, names: [...term.names, ...names] }
      case 'pipe':
      case 'identifier':
        return { kind: 'chain', at: first.at, of: term, names }
      default:
        return this.#fail(`a field cannot follow ${this.#text.slice(term.at, first.at)}`, first.at)
    }
  }

  #term(): OperandNode | undefined {
    const token = this.#nextWord()
    const { at, text } = token
    switch (token.kind) {
      case 'identifier':
        if (!this.#isFunction(text))
          this.#fail(`function ${JSON.stringify(text)} does not exist`, at)
        return { kind: 'identifier', at, name: text }
      case 'dot':
      case 'nil':
        return { kind: token.kind, at }
      case 'variable':
        if (!this.#variables.includes(text)) this.#fail(`variable ${text} is not defined`, at)
        return { kind: 'variable', at, name: text, names: [] }
      case 'field':
        return { kind: 'field', at, names: [text.slice(1)] }
      case 'boolean':
        return { kind: 'literal', at, value: text === 'true', source: text }
      case 'string':
      case 'raw string':
        return { kind: 'literal', at, value: this.#textOf(token), source: text }
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
        return this.#nested(() => this.#pipeline('parentheses', ')'))
      default:
        this.#ahead.push(token)
        return undefined
    }
  }

  #textOf(token: Token): string {
    return this.#valueOf(readString(token.text), token.at)
  }

  #valueOf<Value>(
    result: { readonly value: Value } | { readonly reason: string },
    at: number,
  ): Value {
    return 'reason' in result ? this.#fail(result.reason, at) : result.value
  }

  #nested<Result>(read: () => Result): Result {
    if (this.#depth === MAX_DEPTH) this.#fail(`nested more than ${MAX_DEPTH} deep`)
    this.#depth++
    const result = read()
    this.#depth--
    return result
  }

  #next(): Token {
    return this.#ahead.pop() ?? (this.#newest = this.#lexer.next())
  }

  #peek(): Token {
    const token = this.#next()
    this.#ahead.push(token)
    return token
  }

  /** The next token that is no space. */
  #nextWord(): Token {
    for (;;) {
      const token = this.#next()
      if (token.kind !== 'space') return token
    }
  }

  #peekWord(): Token {
    const token = this.#nextWord()
    this.#ahead.push(token)
    return token
  }

  #expect(kinds: readonly TokenKind[], what: string): Token {
    const token = this.#nextWord()
    return kinds.includes(token.kind) ? token : this.#unexpected(token, what)
  }

  #unexpected(token: Token, what: string): never {
    if (token.kind === 'error') return this.#fail(token.text, token.at)
    const found = token.text === '' ? token.kind : JSON.stringify(token.text)
    return this.#fail(`unexpected ${found} in ${what}`, token.at)
  }

  /** At the newest token, or at `at` when that is in the same line. */
  #fail(reason: string, at = this.#newest.at): never {
    const isSameLine = this.#lineOf(at) === this.#lineOf(this.#newest.at)
    throw new SyntaxMistake(reason, isSameLine ? at : this.#newest.at)
  }

  #lineOf(at: number): number {
    return positionAt(this.#text, at).line
  }
}

/** `{{end}}` or `{{else}}`. */
interface Closing {
  readonly kind: 'end' | 'else'
  readonly at: number
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

function isClosing(item: StatementNode | Closing): item is Closing {
  return item.kind === 'end' || item.kind === 'else'
}

/** Nothing but space: such a definition gives way to another one of its name. */
function isBlank(list: ListNode): boolean {
  return list.nodes.every((node) => node.kind === 'text' && node.text.trim() === '')
}
