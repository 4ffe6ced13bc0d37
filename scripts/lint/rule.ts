/** The part of a syntax tree node that the rules look at. */
export interface Node {
  type: string
  parent?: Node
  name?: string
  value?: unknown
  computed?: boolean
  kind?: string
  operator?: string
  object?: Node
  property?: Node
  callee?: Node
  key?: Node
  left?: Node
  source?: Node
  imported?: Node
  specifiers?: Node[]
  arguments?: Node[]
}

/** What a rule gets: its options and where to report. */
export interface RuleContext {
  options: readonly unknown[]
  report(problem: { node: Node; message: string }): void
}

/** One rule: which nodes it looks at, and what it does there. */
export interface Rule {
  meta?: { schema: readonly object[] }
  create(context: RuleContext): Record<string, (node: Node) => void>
}

/** `process.env` → "process.env"; undefined when the expression is no plain path of names. */
export function pathOf(node: Node | undefined): string | undefined {
  if (node === undefined) return undefined
  if (node.type === 'Identifier') return node.name
  if (node.type !== 'MemberExpression' || node.computed === true) return undefined
  const object = pathOf(node.object)
  return object === undefined ? undefined : `${object}.${node.property?.name}`
}
