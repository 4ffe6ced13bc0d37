import { isTrue, type Value } from '../data/kinds.ts'
import { printed } from '../format/values.ts'
import { Refusal } from '../limits.ts'
import type {
  ActionNode,
  IfNode,
  ListNode,
  StatementNode,
  TemplateCallNode,
  TextNode,
  WithNode,
} from '../syntax/nodes.ts'
import { compilePipe } from './pipes.ts'
import { compileRange } from './ranges.ts'
import type { Execute, Signal } from './run.ts'

const NO_VALUE = '<no value>'

/** `depth` is how deep the list is nested in its definition. */
export function compileList({ nodes }: ListNode, depth: number): Execute {
  const statements = nodes.map((node) => compileStatement(node, depth))
  const [only] = statements
  if (only && statements.length === 1) return only
  return (run, dot) => {
    for (const statement of statements) {
      const signal = statement(run, dot)
      if (signal !== 0) return signal
    }
    return 0
  }
}

function compileStatement(node: StatementNode, depth: number): Execute {
  switch (node.kind) {
    case 'text':
      return compileText(node)
    case 'action':
      return compileAction(node)
    case 'if':
    case 'with':
      return compileBranch(node, depth + 1)
    case 'range':
      return compileRange(node, (list) => compileList(list, depth + 1))
    case 'template':
      return compileTemplateCall(node, depth)
    case 'break':
      return () => 1
    case 'continue':
      return () => 2
  }
}

function compileText({ at, text }: TextNode): Execute {
  return (run) => {
    run.at = at
    run.step()
    run.write(text)
    return 0
  }
}

function compileAction({ at, pipe }: ActionNode): Execute {
  const evaluate = compilePipe(pipe)
  const isSilent = pipe.variables.length > 0
  return (run, dot) => {
    run.step()
    const value = evaluate(run, dot)
    if (isSilent) return 0
    run.at = at
    run.write(value === undefined ? NO_VALUE : printed(value, run))
    return 0
  }
}

function compileBranch(node: IfNode | WithNode, depth: number): Execute {
  const evaluate = compilePipe(node.pipe)
  const body = compileList(node.body, depth)
  const otherwise = node.otherwise && compileList(node.otherwise, depth)
  const setsDot = node.kind === 'with'
  return (run, dot) => {
    run.step()
    const mark = run.mark()
    const value = evaluate(run, dot)
    let signal: Signal = 0
    if (isTrue(value, run)) signal = body(run, setsDot ? value : dot)
    else if (otherwise) signal = otherwise(run, dot)
    run.release(mark)
    return signal
  }
}

function compileTemplateCall({ at, name, pipe }: TemplateCallNode, depth: number): Execute {
  const evaluate = pipe && compilePipe(pipe)
  return (run, dot) => {
    run.at = at
    run.step()
    const body = run.definitions.get(name)
    if (!body) throw new Refusal(`template ${JSON.stringify(name)} is not defined`)
    const value: Value = evaluate?.(run, dot)
    run.call(body, value, depth)
    return 0
  }
}
