import { isJsonObject, type Json } from '../../base/json.ts'
import { whyNotCompilable } from './compilable-schema.ts'
import { fault, listOf, objectOf, text, within, type Fault, type Shape } from './shapes.ts'

/** A JSON Schema as far as MCP says what its members are. */
const schema = objectOf({ $schema: text, properties: schemasByName, required: listOf(text) })

/**
 * `outputSchema`: any object that clients can compile; that it describes one is demanded of legacy versions only
 * (down-conversion).
 */
export const outputSchema: Shape = (value, faults) => {
  const fitting = schema(value, faults)
  const why = isJsonObject(fitting) ? whyNotCompilable(fitting) : undefined
  return why === undefined ? fitting : fault(faults, why)
}

/** `inputSchema`: `type` must be "object", which arguments are in any case. */
export const inputSchema: Shape = (value, faults) => {
  if (saysNothing(value)) {
    fault(faults, 'must be an object')
    return { type: 'object' }
  }
  const fitting = schema(value, faults)
  if (!isJsonObject(fitting)) return undefined
  const { type } = fitting
  if (type === 'object') return fitting
  faults.push({ path: 'type', want: 'must be "object"' })
  const canBeObject =
    type === undefined || type === null || (Array.isArray(type) && type.includes('object'))
  return canBeObject ? { ...fitting, type: 'object' } : undefined
}

/** `null`, "anything", and how some languages write an empty object. */
function saysNothing(value: Json): boolean {
  return value === null || value === true || isEmptyArray(value)
}

function isEmptyArray(value: Json): boolean {
  return Array.isArray(value) && value.length === 0
}

function schemasByName(value: Json, faults: Fault[]): Json | undefined {
  if (isEmptyArray(value)) {
    fault(faults, 'must be an object')
    return {}
  }
  if (!isJsonObject(value)) return fault(faults, 'must be an object')
  let mended: [string, Json][] | undefined
  for (const [index, name] of Object.keys(value).entries()) {
    const given = value[name] ?? null
    const fitting = within(name, subschema, given, faults) ?? {}
    if (fitting === given) continue
    mended ??= Object.entries(value).map(([each, member]) => [each, member ?? null])
    mended[index] = [name, fitting]
  }
  // Not by assignment: a name may be `__proto__`.
  return mended === undefined ? value : Object.fromEntries(mended)
}

/** What is no schema says nothing of the value it is for. */
function subschema(value: Json, faults: Fault[]): Json {
  if (isJsonObject(value) || typeof value === 'boolean') return value
  fault(faults, 'must be a schema')
  return {}
}
