import { Refusal } from '../limits.ts'
import type {
  ChainNode,
  CommandNode,
  FieldNode,
  OperandNode,
  PipeNode,
  VariableNode,
} from '../syntax/nodes.ts'
import { compileCall } from './calls.ts'
import { compileFields } from './fields.ts'
import type { Command, Evaluate } from './run.ts'

/** The value of a pipeline, kept in its variables; `null` becomes no value, like in Go. */
export function compilePipe(pipe: PipeNode): Evaluate {
  const evaluate = compileCommands(pipe)
  const { variables, assigns } = pipe
  if (variables.length === 0) return evaluate
  return (run, dot) => {
    const value = evaluate(run, dot)
    for (const name of variables) {
      if (assigns) run.assign(name, value)
      else run.declare(name, value)
    }
    return value
  }
}

/** The value of a pipeline without variables, as it is: `null` stays `null`. */
export function compileExpression(pipe: PipeNode): Evaluate {
  const [command, ...more] = pipe.commands
  if (more.length > 0) return compileCommands(pipe)
  const [operand, ...args] = command.operands
  if (operand.kind === 'pipe' && operand.variables.length === 0 && args.length === 0) {
    return compileExpression(operand)
  }
  const evaluate = compileCommand(command, false)
  return (run, dot) => evaluate(run, dot, undefined)
}

const NO_FUNCTION = 'what is not a function takes no arguments'

function compileCommands({ at, commands }: PipeNode): Evaluate {
  const [command, ...more] = commands
  const first = compileCommand(command, false)
  const rest = more.map((each) => compileCommand(each, true))
  if (rest.length === 0) {
    return (run, dot) => {
      run.at = at
      return first(run, dot, undefined) ?? undefined
    }
  }
  return (run, dot) => {
    run.at = at
    let value = first(run, dot, undefined) ?? undefined
    for (const command of rest) value = command(run, dot, value) ?? undefined
    return value
  }
}

function compileCommand(command: CommandNode, isPiped: boolean): Command {
  const [first, ...args] = command.operands
  const hasArguments = args.length > 0 || isPiped
  switch (first.kind) {
    case 'field':
      return compileField(first, hasArguments)
    case 'chain':
      return compileChain(first, hasArguments)
    case 'identifier':
      return compileCall({ node: first, at: command.at, args, isPiped, compileOperand })
    case 'variable':
      return compileVariable(first, hasArguments)
    case 'nil':
      return refuse(first.at, 'nil is not a command')
    case 'pipe':
      // Go reports this one where it was before.
      return hasArguments ? refuse(undefined, NO_FUNCTION) : compileOperand(first)
    default:
      return hasArguments ? refuse(first.at, NO_FUNCTION) : compileOperand(first)
  }
}

/** An operand by itself: an argument, the term of a chain. */
function compileOperand(node: OperandNode): Evaluate {
  switch (node.kind) {
    case 'dot':
      return (run, dot) => {
        run.at = node.at
        return dot
      }
    case 'nil':
      return () => null
    case 'literal': {
      const { at, value } = node
      return (run) => {
        run.at = at
        return value
      }
    }
    case 'field':
      return compileField(node, false)
    case 'variable':
      return compileVariable(node, false)
    case 'chain':
      return compileChain(node, false)
    case 'pipe':
      return compilePipe(node)
    case 'identifier': {
      const call = compileCall({ node, at: node.at, args: [], isPiped: false, compileOperand })
      return (run, dot) => call(run, dot, undefined)
    }
  }
}

function compileField({ at, names }: FieldNode, hasArguments: boolean): Evaluate {
  const follow = compileFields(names, hasArguments)
  return (run, dot) => {
    run.at = at
    return follow(dot)
  }
}

function compileChain({ at, of, names }: ChainNode, hasArguments: boolean): Evaluate {
  const follow = compileFields(names, hasArguments)
  const evaluate = compileOperand(of)
  return (run, dot) => {
    run.at = at
    const value = evaluate(run, dot)
    return follow(value)
  }
}

function compileVariable({ at, name, names }: VariableNode, hasArguments: boolean): Evaluate {
  if (names.length === 0) {
    return (run) => {
      run.at = at
      const value = run.variable(name)
      if (hasArguments) throw new Refusal(`${name} is not a function and takes no arguments`)
      return value
    }
  }
  const follow = compileFields(names, hasArguments)
  return (run) => {
    run.at = at
    return follow(run.variable(name))
  }
}

function refuse(at: number | undefined, reason: string): Evaluate {
  return (run) => {
    run.at = at ?? run.at
    throw new Refusal(reason)
  }
}
