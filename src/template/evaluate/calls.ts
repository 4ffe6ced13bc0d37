import { isTrue, typeName, type Value } from '../data/kinds.ts'
import type { FunctionName } from '../functions/names.ts'
import type { TemplateFunction } from '../functions/function.ts'
import { FUNCTIONS } from '../functions/table.ts'
import { Refusal } from '../limits.ts'
import type { IdentifierNode, OperandNode } from '../syntax/nodes.ts'
import type { Command, Evaluate } from './run.ts'

interface CallOptions {
  node: IdentifierNode
  /** Where the command begins. */
  at: number
  args: readonly OperandNode[]
  isPiped: boolean
  compileOperand: (node: OperandNode) => Evaluate
}

/** A function with its arguments. Their number is known, but is a mistake only when the call is reached. */
export function compileCall(options: CallOptions): Command {
  const { node, args, isPiped, compileOperand } = options
  const name = node.name as FunctionName
  const count = args.length + (isPiped ? 1 : 0)
  if (name === 'and' || name === 'or') {
    if (count === 0) return wrongCount(node, 'at least 1 argument', count)
    return compileLogic(name, args.map(compileOperand), isPiped)
  }
  const called = FUNCTIONS[name]
  const { parameters, takesMore = false } = called
  if (takesMore ? count < parameters.length : count !== parameters.length) {
    const wanted = `${takesMore ? 'at least ' : ''}${parameters.length} argument${parameters.length === 1 ? '' : 's'}`
    return wrongCount(node, wanted, count)
  }
  return compileCalled(called, options)
}

function compileCalled(called: TemplateFunction, options: CallOptions): Command {
  const { node, at, args, isPiped, compileOperand } = options
  const evaluated = args.map((arg, i) =>
    called.parameters[i] === 'text' ? compileText(arg, compileOperand(arg)) : compileOperand(arg),
  )
  const count = evaluated.length
  const pipedIsText = isPiped && called.parameters[count] === 'text'
  return (run, dot, piped) => {
    run.at = node.at
    run.step()
    const values: Value[] = []
    for (let i = 0; i < count; i++) values.push(evaluated[i]!(run, dot))
    if (isPiped) values.push(pipedIsText ? textOf(piped) : piped)
    try {
      return called.call(values, run)
    } catch (error) {
      // Its arguments were looked at last; like in Go, a mistake of the function is one of the whole command.
      run.at = at
      throw error
    }
  }
}

/** An argument that must be a text. */
function compileText(node: OperandNode, evaluate: Evaluate): Evaluate {
  return (run, dot) => {
    const value = evaluate(run, dot)
    if (node.kind === 'literal' || node.kind === 'nil') run.at = node.at
    return textOf(value)
  }
}

function textOf(value: Value): string {
  if (typeof value === 'string') return value
  throw new Refusal(`expected a text, not a value of type ${typeName(value)}`)
}

/** Evaluates no more arguments than it takes; the value is the one that decided. */
function compileLogic(name: 'and' | 'or', args: readonly Evaluate[], isPiped: boolean): Command {
  const deciding = name === 'or'
  return (run, dot, piped) => {
    run.step()
    let value: Value
    for (const evaluate of args) {
      value = evaluate(run, dot)
      if (isTrue(value, run) === deciding) return value
    }
    return isPiped ? piped : value
  }
}

function wrongCount({ at, name }: IdentifierNode, wanted: string, count: number): Command {
  return (run) => {
    run.at = at
    throw new Refusal(`${name} takes ${wanted}, not ${count}`)
  }
}
