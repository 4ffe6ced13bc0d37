import { ExpressionParser } from './expression-parser.ts'
import type {
  ActionNode,
  IfNode,
  ListNode,
  PipeNode,
  RangeNode,
  StatementNode,
  TemplateCallNode,
  WithNode,
} from './nodes.ts'
import { TokenReader } from './token-reader.ts'
import type { Token } from './tokens.ts'

export interface ParsedTemplate {
  readonly root: ListNode
  readonly definitions: ReadonlyMap<string, ListNode>
}

/** Reads a template. Throws a SyntaxMistake. */
export function parse(text: string): ParsedTemplate {
  return new StatementParser(text).parse()
}

class StatementParser {
  readonly #tokens: TokenReader
  readonly #expressions: ExpressionParser
  readonly #definitions = new Map<string, ListNode>()
  /** How many ranges are around, which `break` and `continue` need. */
  #ranges = 0

  constructor(text: string) {
    this.#tokens = new TokenReader(text)
    this.#expressions = new ExpressionParser(this.#tokens)
  }

  parse(): ParsedTemplate {
    const nodes: StatementNode[] = []
    for (;;) {
      const token = this.#tokens.peek()
      if (token.kind === 'end of text') break
      if (token.kind === 'open' && this.#definition()) continue
      const item = this.#textOrAction()
      if (isClosing(item)) this.#tokens.fail(`{{${item.kind}}} closes nothing`, item.at)
      nodes.push(item)
    }
    return { root: { kind: 'list', at: 0, nodes }, definitions: this.#definitions }
  }

  /** True when the action was `{{define "name"}} … {{end}}`; false with nothing read. */
  #definition(): boolean {
    const open = this.#tokens.next()
    const keyword = this.#tokens.nextWord()
    if (keyword.kind !== 'define') {
      this.#tokens.back(keyword)
      this.#tokens.back(open)
      return false
    }
    const name = this.#tokens.expect(['string', 'raw string'], 'the name of a definition')
    const text = this.#expressions.textOf(name)
    this.#tokens.expect(['close'], 'a definition')
    this.#define(text, name.at, 'definition')
    return true
  }

  /** Reads the body of a definition, which sees neither variables nor ranges around it. */
  #define(name: string, at: number, what: string): void {
    const outerRanges = this.#ranges
    this.#ranges = 0
    const { list, closing } = this.#tokens.nested(() =>
      this.#expressions.isolated(() => this.#list()),
    )
    if (closing.kind !== 'end') this.#tokens.fail(`unexpected {{else}} in a ${what}`, closing.at)
    this.#ranges = outerRanges
    const known = this.#definitions.get(name)
    if (known === undefined || isBlank(known)) this.#definitions.set(name, list)
    else if (!isBlank(list))
      this.#tokens.fail(`template ${JSON.stringify(name)} is defined twice`, at)
  }

  /** Up to `{{end}}` or `{{else}}`. */
  #list(): { list: ListNode; closing: Closing } {
    const nodes: StatementNode[] = []
    const { at } = this.#tokens.peekWord()
    while (this.#tokens.peekWord().kind !== 'end of text') {
      const item = this.#textOrAction()
      if (isClosing(item)) return { list: { kind: 'list', at, nodes }, closing: item }
      nodes.push(item)
    }
    return this.#tokens.fail('the template ends before {{end}}')
  }

  #textOrAction(): StatementNode | Closing {
    const token = this.#tokens.nextWord()
    if (token.kind === 'text') return { kind: 'text', at: token.at, text: token.text }
    if (token.kind === 'open') return this.#action()
    return this.#tokens.unexpected(token, 'the template')
  }

  #action(): StatementNode | Closing {
    const token = this.#tokens.nextWord()
    switch (token.kind) {
      case 'block':
        return this.#block()
      case 'break':
      case 'continue':
        return this.#leaveRange(token.kind, token.at)
      case 'else':
        return this.#else(token.at)
      case 'end':
        this.#tokens.expect(['close'], '{{end}}')
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
        this.#tokens.back(token)
    }
    // Its variables live until the `end` of what is around it.
    const pipe = this.#expressions.pipeline('an action', 'close')
    return { kind: 'action', at: token.at, pipe } satisfies ActionNode
  }

  #leaveRange(kind: 'break' | 'continue', at: number): StatementNode {
    const token = this.#tokens.nextWord()
    if (token.kind !== 'close') this.#tokens.unexpected(token, `{{${kind}}}`)
    if (this.#ranges === 0) this.#tokens.fail(`{{${kind}}} outside of {{range}}`, at)
    return { kind, at }
  }

  /** Leaves the `if` or `with` of an `else if` to be read. */
  #else(at: number): Closing {
    const { kind } = this.#tokens.peekWord()
    if (kind !== 'if' && kind !== 'with') this.#tokens.expect(['close'], '{{else}}')
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
  #control(keyword: 'if' | 'with' | 'range', chained?: () => IfNode | WithNode): Control {
    const read = (): Control => {
      const pipe = this.#expressions.pipeline(keyword, 'close')
      if (keyword === 'range') this.#ranges++
      const { list: body, closing } = this.#list()
      if (keyword === 'range') this.#ranges--
      const otherwise =
        closing.kind === 'else' ? this.#otherwise(keyword, closing.at, chained) : undefined
      return { pipe, body, otherwise }
    }
    return this.#tokens.nested(() => this.#expressions.scoped(read))
  }

  #otherwise(keyword: string, at: number, chained?: () => IfNode | WithNode): ListNode {
    if (chained && this.#tokens.peek().kind === keyword) {
      this.#tokens.next()
      return { kind: 'list', at, nodes: [chained()] }
    }
    const { list, closing } = this.#list()
    if (closing.kind !== 'end')
      this.#tokens.fail('expected {{end}} instead of a second {{else}}', closing.at)
    return list
  }

  #block(): TemplateCallNode {
    const token = this.#tokens.nextWord()
    const name = this.#templateName(token, '{{block}}')
    const pipe = this.#expressions.pipeline('{{block}}', 'close')
    this.#define(name, token.at, 'block')
    return { kind: 'template', at: token.at, name, pipe }
  }

  #templateCall(): TemplateCallNode {
    const token = this.#tokens.nextWord()
    const name = this.#templateName(token, '{{template}}')
    const next = this.#tokens.nextWord()
    if (next.kind === 'close') return { kind: 'template', at: token.at, name, pipe: undefined }
    this.#tokens.back(next)
    const pipe = this.#expressions.pipeline('{{template}}', 'close')
    return { kind: 'template', at: token.at, name, pipe }
  }

  #templateName(token: Token, what: string): string {
    if (token.kind !== 'string' && token.kind !== 'raw string') this.#tokens.unexpected(token, what)
    return this.#expressions.textOf(token)
  }
}

/** What `if`, `with` and `range` have in common. */
interface Control {
  readonly pipe: PipeNode
  readonly body: ListNode
  readonly otherwise: ListNode | undefined
}

/** `{{end}}` or `{{else}}`. */
interface Closing {
  readonly kind: 'end' | 'else'
  readonly at: number
}

function isClosing(item: StatementNode | Closing): item is Closing {
  return item.kind === 'end' || item.kind === 'else'
}

/** Nothing but space: such a definition gives way to another one of its name. */
function isBlank(list: ListNode): boolean {
  return list.nodes.every((node) => node.kind === 'text' && node.text.trim() === '')
}
