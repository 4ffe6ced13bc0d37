import { isJsonObject, type Json, type JsonObject } from '../base/json.ts'
import { isAppError } from '../base/errors.ts'
import { parseJsonText } from '../base/parse-json-text.ts'
import type { Template } from '../template/template.ts'
import { parseScalar } from './parse-scalar.ts'
import type { PlannedMap } from './plan.ts'
import { isOfType } from './schema-types.ts'
import { typeMap, type TypedMap, type TypedTemplate, type TypedValue } from './typed-arguments.ts'

/** What templates become. `text` and `value` throw when a template cannot be evaluated. */
export interface Expand {
  /** What the template writes. */
  text(template: Template): string
  /** The value of a template that is exactly one expression; undefined for every other template. */
  value(template: Template): Json | undefined
  /**
   * What stands in for an argument whose template cannot be evaluated; throws where nothing does.
   * @param path Of the argument in the step: `arguments.filter.path`.
   */
  failed(path: string, template: Template, error: unknown): Json
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
  return fillMap(typeMap(planned, inputSchema), expand)
}

/** Makes the arguments of many calls with one plan: what a schema asks for is looked up again only when there is another one. */
export function createExpander(
  planned: PlannedMap,
): (inputSchema: JsonObject | undefined, expand: Expand) => JsonObject {
  let last: { readonly schema: JsonObject | undefined; readonly typed: TypedMap } | undefined
  return (schema, expand) => {
    if (last === undefined || last.schema !== schema) {
      last = { schema, typed: typeMap(planned, schema) }
    }
    return fillMap(last.typed, expand)
  }
}

function fill(value: TypedValue, expand: Expand): Json {
  switch (value.kind) {
    case 'literal':
      return value.value
    case 'template':
      return expandOne(value, expand)
    case 'list':
      return value.items.map((item) => fill(item, expand))
    case 'map':
      return fillMap(value, expand)
  }
}

function fillMap({ entries }: TypedMap, expand: Expand): JsonObject {
  const map: JsonObject = {}
  for (const [key, value] of entries) {
    const filled = fill(value, expand)
    if (key !== '__proto__') map[key] = filled
    // A key like any other.
    else Object.defineProperty(map, key, { value: filled, enumerable: true })
  }
  return map
}

function expandOne(argument: TypedTemplate, expand: Expand): Json {
  const { template, types, path } = argument
  try {
    const value = types.size === 0 || types.has('string') ? undefined : expand.value(template)
    if (value !== undefined) {
      if (typeof value !== 'string' && [...types].some((type) => isOfType(value, type)))
        return value
      const parsed = typeof value === 'string' ? parseContainer(value) : undefined
      if (parsed !== undefined && types.has(Array.isArray(parsed) ? 'array' : 'object'))
        return parsed
    }
    const text = expand.text(template)
    const [type] = types
    return type === undefined || types.size > 1 ? text : (parseScalar(text, type) ?? text)
  } catch (error) {
    return expand.failed(path, template, error)
  }
}

/** A list or map that was written as JSON: `{{json .steps.a.output.list}}`. Throws JSON_TOO_DEEP. */
function parseContainer(text: string): JsonObject | Json[] | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined
  try {
    const value = parseJsonText(text)
    return isJsonObject(value) || Array.isArray(value) ? value : undefined
  } catch (error) {
    if (isAppError(error)) throw error
    return undefined
  }
}
