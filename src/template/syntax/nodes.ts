/** Every node knows where it begins in the source: `at`, in UTF-16 units. */
interface Node<Kind extends string> {
  readonly kind: Kind
  readonly at: number
}

/** What stands between actions, after trimming. */
export interface TextNode extends Node<'text'> {
  readonly text: string
}

/** `{{pipeline}}`: written out, unless it declares or assigns variables. */
export interface ActionNode extends Node<'action'> {
  readonly pipe: PipeNode
}

/** `{{if pipeline}} … {{else}} … {{end}}`; `else if` is an `if` alone in `otherwise`. */
export interface IfNode extends Node<'if'> {
  readonly pipe: PipeNode
  readonly body: ListNode
  readonly otherwise: ListNode | undefined
}

/** `{{with pipeline}} … {{end}}`: the dot of `body` is the value of the pipeline. */
export interface WithNode extends Node<'with'> {
  readonly pipe: PipeNode
  readonly body: ListNode
  readonly otherwise: ListNode | undefined
}

/** `{{range pipeline}} … {{end}}`: the dot of `body` is each element. */
export interface RangeNode extends Node<'range'> {
  readonly pipe: PipeNode
  readonly body: ListNode
  readonly otherwise: ListNode | undefined
}

/** `{{template "name" pipeline}}`; `{{block}}` becomes one, and a definition. */
export interface TemplateCallNode extends Node<'template'> {
  readonly name: string
  readonly pipe: PipeNode | undefined
}

export interface ListNode extends Node<'list'> {
  readonly nodes: readonly StatementNode[]
}

export type StatementNode =
  | TextNode
  | ActionNode
  | IfNode
  | WithNode
  | RangeNode
  | TemplateCallNode
  | Node<'break'>
  | Node<'continue'>

/** Commands whose values flow to the right; the last one may be kept in variables. */
export interface PipeNode extends Node<'pipe'> {
  /** With their `$`. */
  readonly variables: readonly string[]
  /** `=` instead of `:=`. */
  readonly assigns: boolean
  readonly commands: AtLeastOne<CommandNode>
}

type AtLeastOne<Item> = readonly [Item, ...Item[]]

/** A function or value with its arguments. */
export interface CommandNode extends Node<'command'> {
  readonly operands: AtLeastOne<OperandNode>
}

/** `.a.b` */
export interface FieldNode extends Node<'field'> {
  readonly names: readonly string[]
}

/** `$`, `$x`, `$x.a.b` */
export interface VariableNode extends Node<'variable'> {
  /** With its `$`. */
  readonly name: string
  readonly names: readonly string[]
}

/** `(pipeline).a.b` */
export interface ChainNode extends Node<'chain'> {
  readonly of: PipeNode | IdentifierNode
  readonly names: readonly string[]
}

/** The name of a function. */
export interface IdentifierNode extends Node<'identifier'> {
  readonly name: string
}

/** A literal: `"text"`, `5`, `true`. */
export interface LiteralNode extends Node<'literal'> {
  readonly value: string | number | bigint | boolean
  readonly source: string
}

export type OperandNode =
  | FieldNode
  | VariableNode
  | ChainNode
  | IdentifierNode
  | LiteralNode
  | PipeNode
  | Node<'dot'>
  | Node<'nil'>
