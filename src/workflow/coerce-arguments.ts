import { isJsonObject, type Json, type JsonObject } from '../base/json.ts'
import { parseScalar } from './parse-scalar.ts'
import { resolveSchema, typesOf } from './schema-types.ts'

/**
 * Makes of text what a schema asks for: an integer, a number or a boolean, at any depth. Text that is no such value stays, and
 * so does everything where the schema names several types or none.
 * @param root What `$ref`s of the schema point into.
 */
export function coerceArguments(
  value: Json,
  schema: Json | undefined,
  root: JsonObject = isJsonObject(schema) ? schema : {},
): Json {
  if (typeof value === 'string') {
    const types = [...typesOf(schema, root)]
    const [type] = types
    return type === undefined || types.length > 1 ? value : (parseScalar(value, type) ?? value)
  }
  const child = (each: Json, key: string | number): Json =>
    coerceArguments(each, schemaOfChild(schema, key, root), root)
  if (Array.isArray(value)) return value.map(child)
  if (!isJsonObject(value)) return value
  const entries = Object.entries(value).map(([key, each]): [string, Json | undefined] => [
    key,
    each === undefined ? undefined : child(each, key),
  ])
  return Object.fromEntries(entries)
}

/** The schema of what stands under `key`, as far as the schema around it says. */
export function schemaOfChild(
  schema: Json | undefined,
  key: string | number,
  root: JsonObject,
): Json | undefined {
  const around = resolveSchema(schema, root)
  if (around === undefined) return undefined
  if (typeof key === 'number') {
    const { prefixItems, items } = around
    const own = Array.isArray(prefixItems) ? prefixItems[key] : undefined
    return own ?? (Array.isArray(items) ? items[key] : items)
  }
  const { properties, additionalProperties, allOf } = around
  if (isJsonObject(properties) && Object.hasOwn(properties, key)) return properties[key]
  for (const part of Array.isArray(allOf) ? allOf : []) {
    const found = schemaOfChild(part, key, root)
    if (found !== undefined) return found
  }
  return additionalProperties
}
