import { isJsonObject, type Json, type JsonObject } from '../base/json.ts'
import { parseJson } from '../base/parse-json.ts'
import type { Template } from '../template/template.ts'
import { coerceArguments, schemaOfChild } from './coerce-arguments.ts'
import type { PlannedMap, PlannedValue } from './plan.ts'
import { isOfType, typesOf } from './schema-types.ts'

/** What templates become. Both throw when a template cannot be evaluated. */
export interface Expand {
  /** What the template writes. */
  text(template: Template): string
  /** The value of a template that is exactly one expression; undefined for every other template. */
  value(template: Template): Json | undefined
}

/**
 * The arguments of one call. A template that is exactly one expression keeps the JSON type of its value where the tool's input
 * schema asks for that type; every other is text, and becomes an integer, a number or a boolean where the schema asks for one.
 */
export function expandArguments(
  planned: PlannedMap,
  inputSchema: JsonObject | undefined,
  expand: Expand,
): JsonObject {
  const root = inputSchema ?? {}
  const visit = (value: PlannedValue, schema: Json | undefined): Json => {
    switch (value.kind) {
      case 'literal':
        return coerceArguments(value.value, schema, root)
      case 'template':
        return expandOne(value.template, schema, root, expand)
      case 'list':
        return value.items.map((item, index) => visit(item, schemaOfChild(schema, index, root)))
      case 'map':
        return visitMap(value, schema)
    }
  }
  const visitMap = (map: PlannedMap, schema: Json | undefined): JsonObject =>
    Object.fromEntries(
      Array.from(map.entries, ([key, child]) => [
        key,
        visit(child, schemaOfChild(schema, key, root)),
      ]),
    )
  return visitMap(planned, root)
}

function expandOne(
  template: Template,
  schema: Json | undefined,
  root: JsonObject,
  expand: Expand,
): Json {
  const types = typesOf(schema, root)
  const value = types.has('string') ? undefined : expand.value(template)
  if (value !== undefined) {
    if (typeof value !== 'string' && [...types].some((type) => isOfType(value, type))) return value
    const parsed = typeof value === 'string' ? parseContainer(value) : undefined
    if (parsed !== undefined && types.has(Array.isArray(parsed) ? 'array' : 'object')) return parsed
  }
  const text = expand.text(template)
  const [type] = types
  return type === undefined || types.size > 1 ? text : coerceArguments(text, { type })
}

/** A list or map that was written as JSON: `{{json .steps.a.output.list}}`. */
function parseContainer(text: string): JsonObject | Json[] | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined
  try {
    const value = parseJson(text)
    return isJsonObject(value) || Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}
