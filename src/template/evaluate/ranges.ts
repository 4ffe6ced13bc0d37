import {
  fromData,
  isList,
  isNumber,
  isObject,
  sortedKeys,
  typeName,
  type Value,
  valueAt,
} from '../data/kinds.ts'
import { Refusal } from '../limits.ts'
import { isWhole, type Numeric, textOf } from '../numbers/number.ts'
import type { ListNode, PipeNode, RangeNode } from '../syntax/nodes.ts'
import { compilePipe } from './pipes.ts'
import type { Execute, Run, Signal } from './run.ts'

/** Lists, objects in the order of their keys, and the numbers below a whole number. */
export function compileRange(node: RangeNode, compileList: (list: ListNode) => Execute): Execute {
  const evaluate = compilePipe(node.pipe)
  const otherwise = node.otherwise && compileList(node.otherwise)
  const iterate = compileIteration(node, compileList(node.body))
  return (run, dot) => {
    run.at = node.at
    run.step()
    const outer = run.mark()
    const value = evaluate(run, dot)
    let signal: Signal = 0
    if (!iterate(run, value) && otherwise) signal = otherwise(run, dot)
    run.release(outer)
    // Like in Go, a `break` in the `else` ends this range, not the one around it.
    return signal === 1 ? 0 : signal
  }
}

/** False when there was nothing to iterate over. */
type Iterate = (run: Run, value: Value) => boolean

function compileIteration({ pipe }: RangeNode, body: Execute): Iterate {
  const bind = compileBinding(pipe)

  /** True when the range goes on. */
  const once = (run: Run, mark: number, key: Value, element: Value): boolean => {
    run.step()
    bind(run, key, element)
    const signal = body(run, element)
    run.release(mark)
    return signal !== 1
  }

  const overNumber = (run: Run, limit: Numeric): boolean => {
    if (!isWhole(limit)) throw new Refusal(`range cannot go over ${textOf(limit)}`)
    if (pipe.variables.length > 1) {
      throw new Refusal(`a range over a number (${textOf(limit)}) sets one variable only`)
    }
    const mark = run.mark()
    const count = Number(limit)
    for (let i = 0; i < count && once(run, mark, undefined, i); i++);
    return count > 0
  }

  return (run, value) => {
    if (value === undefined || value === null) return false
    if (isNumber(value)) return overNumber(run, value)
    const mark = run.mark()
    if (isList(value)) {
      for (let i = 0; i < value.length && once(run, mark, i, fromData(value[i])); i++);
      return value.length > 0
    }
    if (!isObject(value))
      throw new Refusal(`range cannot go over a value of type ${typeName(value)}`)
    const keys = sortedKeys(value, run)
    for (const key of keys) if (!once(run, mark, key, valueAt(value, key))) break
    return keys.length > 0
  }
}

/** How the variables of a range get the key and the element; the pipeline has declared them. */
function compileBinding({
  variables,
  assigns,
}: PipeNode): (run: Run, key: Value, element: Value) => void {
  const [first, second] = variables
  if (first === undefined) return () => {}
  if (second === undefined) {
    return assigns
      ? (run, _key, element) => run.assign(first, element)
      : (run, _key, element) => run.setNewest(1, element)
  }
  return assigns
    ? (run, key, element) => {
        run.assign(first, key)
        run.assign(second, element)
      }
    : (run, key, element) => {
        run.setNewest(1, element)
        run.setNewest(2, key)
      }
}
