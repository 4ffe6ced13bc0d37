import type { ActionNode, ListNode } from '../syntax/nodes.ts'
import { compileExpression } from './pipes.ts'
import type { Program } from './program.ts'
import type { Evaluate } from './run.ts'
import { compileList } from './statements.ts'

/** Turns nodes into closures, since templates are rendered far more often than read. */
export function compile(root: ListNode, definitions: ReadonlyMap<string, ListNode>): Program {
  return {
    root: compileList(root, 1),
    definitions: new Map([...definitions].map(([name, body]) => [name, compileList(body, 1)])),
    expression: compileOnly(root),
  }
}

/** The action that is the whole template, if there is one with a value. */
export function onlyAction(root: ListNode): ActionNode | undefined {
  const [action, ...more] = root.nodes
  const isOnly =
    action?.kind === 'action' && more.length === 0 && action.pipe.variables.length === 0
  return isOnly ? action : undefined
}

function compileOnly(root: ListNode): Evaluate | undefined {
  const action = onlyAction(root)
  return action && compileExpression(action.pipe)
}
