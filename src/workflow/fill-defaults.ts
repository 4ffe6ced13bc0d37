import { isJsonObject, type Json, type JsonObject } from '../base/json.ts'
import { coerceArguments } from './coerce-arguments.ts'
import { isOfType, resolveSchema, typesOf } from './schema-types.ts'

/**
 * Fills in every `default` of a schema, at any depth. A map that is not there is made when one of its values has a default and
 * nothing it requires is missing. A default of `null` where null is not allowed is none.
 * @param unfit What becomes of a default that is not of its own type: `keep` fills it in all the same.
 */
export function fillDefaults(
  schema: JsonObject,
  args: JsonObject,
  unfit: 'keep' | 'skip' = 'keep',
): JsonObject {
  const filled = fill(args, schema, { root: schema, unfit, made: new Set(), tries: 0 }, 0)
  return isJsonObject(filled) ? filled : args
}

/** The default of a property in the type the property has: `"20"` is 20 for an integer. */
export function defaultOf(
  schema: JsonObject,
  root: JsonObject,
): { value: Json; fits: boolean } | undefined {
  const written = schema['default']
  if (written === undefined) return undefined
  const types = [...typesOf(schema, root)]
  if (written === null && types.length > 0 && !types.includes('null')) return undefined
  const value = coerceArguments(structuredClone(written), schema, root)
  return { value, fits: types.length === 0 || types.some((type) => isOfType(value, type)) }
}

interface Filling {
  readonly root: JsonObject
  readonly unfit: 'keep' | 'skip'
  /** The schemas of the missing maps that are being made, one inside of the other: none is made in itself. */
  readonly made: Set<JsonObject>
  tries: number
}

const MAX_DEPTH = 64
const MAX_TRIES = 10_000

function fill(value: Json, schema: Json | undefined, how: Filling, depth: number): Json {
  const around = resolveSchema(schema, how.root)
  if (around === undefined || depth > MAX_DEPTH) return value
  if (Array.isArray(value)) return fillList(value, around, how, depth)
  if (!isJsonObject(value)) return value
  const parts = around['allOf']
  let filled = fillMap(value, around, how, depth)
  for (const part of Array.isArray(parts) ? parts : []) {
    const more = fill(filled, part, how, depth + 1)
    if (isJsonObject(more)) filled = more
  }
  return filled
}

function fillList(list: Json[], schema: JsonObject, how: Filling, depth: number): Json[] {
  const { prefixItems, items } = schema
  const first = Array.isArray(prefixItems) ? prefixItems : Array.isArray(items) ? items : []
  const others = Array.isArray(items) ? undefined : items
  return list.map((item, index) => fill(item, first[index] ?? others, how, depth + 1))
}

function fillMap(map: JsonObject, schema: JsonObject, how: Filling, depth: number): JsonObject {
  const { properties, additionalProperties } = schema
  const known = isJsonObject(properties) ? properties : {}
  const filled: JsonObject = {}
  for (const [key, value] of Object.entries(map)) {
    const child = Object.hasOwn(known, key) ? known[key] : additionalProperties
    define(filled, key, value === undefined ? undefined : fill(value, child, how, depth + 1))
  }
  for (const [key, child] of Object.entries(known)) {
    if (Object.hasOwn(filled, key) && filled[key] !== undefined) continue
    const value = missingValue(child, how, depth + 1)
    if (value !== undefined) define(filled, key, value)
  }
  return filled
}

/** What stands in for a property that is not there. */
function missingValue(schema: Json | undefined, how: Filling, depth: number): Json | undefined {
  const around = resolveSchema(schema, how.root)
  if (around === undefined || depth > MAX_DEPTH) return undefined
  const own = defaultOf(around, how.root)
  if (own !== undefined) {
    return own.fits || how.unfit === 'keep' ? fill(own.value, around, how, depth) : undefined
  }
  if (!typesOf(around, how.root).has('object') || how.made.has(around)) return undefined
  if (how.tries++ > MAX_TRIES) return undefined
  how.made.add(around)
  const made = fill({}, around, how, depth)
  how.made.delete(around)
  const { required } = around
  const keys = (Array.isArray(required) ? required : []).filter((key) => typeof key === 'string')
  const complete = isJsonObject(made) && keys.every((key) => Object.hasOwn(made, key))
  return complete && Object.keys(made).length > 0 ? made : undefined
}

/** `__proto__` is a key like any other. */
function define(map: JsonObject, key: string, value: Json | undefined): void {
  Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true })
}
