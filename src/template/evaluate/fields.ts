import { isObject, typeName, type Value, valueAt } from '../data/kinds.ts'
import { Refusal } from '../limits.ts'

/** Follows `.a.b.c`; `hasArguments` when the last one is used like a function. */
export function compileFields(
  names: readonly string[],
  hasArguments: boolean,
): (receiver: Value) => Value {
  const last = names.length - 1
  return (receiver) => {
    let value = receiver
    for (let i = 0; i <= last; i++) {
      value = field(value, names[i]!, hasArguments && i === last)
    }
    return value
  }
}

/** No value has no fields, and that is no mistake; `null` is one. */
function field(receiver: Value, name: string, hasArguments: boolean): Value {
  if (receiver === undefined) return undefined
  if (receiver === null) throw new Refusal(`cannot read field ${name} of null`)
  if (!isObject(receiver)) {
    throw new Refusal(`cannot read field ${name} of a value of type ${typeName(receiver)}`)
  }
  if (hasArguments) throw new Refusal(`field ${name} is not a function and takes no arguments`)
  return valueAt(receiver, name)
}
