import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts'

/**
 * What keeps a validator from compiling a JSON Schema, as a phrase; undefined: nothing that we know of. Clients compile the
 * `outputSchema` of each tool they list: some then refuse the whole list, others the calls of that tool.
 */
export function whyNotCompilable(schema: JsonObject): string | undefined {
  return faultOf(schema, { root: schema, names: namesIn(schema), depth: 0 })
}

interface Place {
  /** What `#` is. */
  readonly root: JsonObject
  /** Every `$id` and `#anchor`. */
  readonly names: ReadonlySet<string>
  readonly depth: number
}

const MAX_DEPTH = 100
const TYPES = new Set<unknown>([
  ...['string', 'number', 'integer', 'boolean', 'null', 'object', 'array'],
])
const isNumber = (value: Json): boolean => typeof value === 'number'
const isText = (value: Json): boolean => typeof value === 'string'
const isFlag = (value: Json): boolean => typeof value === 'boolean'

/** Keywords whose values are no schemas. */
const VALUES: Readonly<Record<string, (value: Json, schema: JsonObject) => boolean>> = {
  ...keyed(
    [
      ...['maximum', 'minimum', 'exclusiveMaximum', 'exclusiveMinimum', 'multipleOf'],
      ...['maxLength', 'minLength', 'maxItems', 'minItems', 'maxProperties', 'minProperties'],
      ...['maxContains', 'minContains'],
    ],
    isNumber,
  ),
  ...keyed(['$schema', '$id', '$anchor', '$dynamicAnchor', 'format', '$dynamicRef'], isText),
  type: (value) =>
    Array.isArray(value) ? value.every((each) => TYPES.has(each)) : TYPES.has(value),
  pattern: (value) => typeof value === 'string' && isPattern(value),
  enum: (value) => Array.isArray(value) && value.length > 0,
  required: (value) => Array.isArray(value) && value.every(isText),
  uniqueItems: isFlag,
  // OpenAPI; and the `$id` of older drafts.
  nullable: (value, { type }) => isFlag(value) && type !== undefined,
  id: () => false,
}

const ONE = [
  ...['additionalProperties', 'additionalItems', 'contains', 'propertyNames', 'not', 'if', 'then'],
  ...['else', 'unevaluatedItems', 'unevaluatedProperties'],
]
const MANY = ['allOf', 'anyOf', 'oneOf', 'prefixItems']
const BY_NAME = ['properties', 'patternProperties', 'dependentSchemas', '$defs', 'definitions']

function faultOf(schema: JsonObject, place: Place): string | undefined {
  if (place.depth > MAX_DEPTH) return 'is nested too deeply'
  const root = typeof schema['$id'] === 'string' ? schema : place.root
  const here = { ...place, root, depth: place.depth + 1 }
  for (const [keyword, fits] of Object.entries(VALUES)) {
    const value = schema[keyword]
    if (value !== undefined && !fits(value, schema)) return `has a ${keyword} that is none`
  }
  const { $ref } = schema
  if ($ref !== undefined && !(typeof $ref === 'string' && leadsSomewhere($ref, here))) {
    return `refers to ${JSON.stringify($ref).slice(0, 100)}, which it does not have`
  }
  for (const [keyword, value] of schemasIn(schema)) {
    if (typeof value === 'boolean') continue
    const fault = isJsonObject(value) ? faultOf(value, here) : `has no schema in ${keyword}`
    if (fault !== undefined) return fault
  }
  return undefined
}

/** Keyword and value of all there is a schema for, or should be. */
function* schemasIn(schema: JsonObject): Generator<[string, Json]> {
  for (const keyword of ONE) {
    const value = schema[keyword]
    if (value !== undefined) yield [keyword, value]
  }
  for (const keyword of MANY) {
    const value = schema[keyword]
    if (value === undefined) continue
    if (!Array.isArray(value) || value.length === 0) yield [keyword, null]
    else for (const each of value) yield [keyword, each]
  }
  for (const keyword of BY_NAME) {
    const value = schema[keyword]
    if (value === undefined) continue
    if (!isJsonObject(value)) yield [keyword, null]
    else {
      for (const [name, each] of Object.entries(value)) {
        yield [keyword, keyword === 'patternProperties' && !isPattern(name) ? null : (each ?? null)]
      }
    }
  }
  const { items, dependencies, dependentRequired } = schema
  if (Array.isArray(items)) for (const each of items) yield ['items', each]
  else if (items !== undefined) yield ['items', items]
  for (const [keyword, value] of Object.entries({ dependencies, dependentRequired })) {
    if (value === undefined) continue
    if (!isJsonObject(value)) yield [keyword, null]
    else {
      for (const each of Object.values(value)) {
        if (!Array.isArray(each)) yield [keyword, each ?? null]
        else if (!each.every(isText)) yield [keyword, null]
      }
    }
  }
}

/** Within the schema: others are not fetched (2026-07-28 tools, "$ref"). */
function leadsSomewhere(ref: string, { root, names }: Omit<Place, 'depth'>): boolean {
  const { $id } = root
  if (typeof $id === 'string' && $id !== '' && ref.startsWith(`${$id}#`)) {
    return leadsSomewhere(ref.slice($id.length), { root, names })
  }
  if (ref === '#' || names.has(ref)) return true
  if (!ref.startsWith('#/')) return false
  let at: Json | undefined = root
  for (const part of ref.slice(2).split('/')) {
    const key = decoded(part).replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return false
    at = (at as JsonObject)[key]
  }
  return isJsonObject(at) || typeof at === 'boolean'
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

function namesIn(schema: JsonObject, depth = 0, names = new Set<string>()): Set<string> {
  if (depth > MAX_DEPTH) return names
  const { $id, $anchor, $dynamicAnchor } = schema
  if (typeof $id === 'string') names.add($id)
  if (typeof $anchor === 'string') names.add(`#${$anchor}`)
  if (typeof $dynamicAnchor === 'string') names.add(`#${$dynamicAnchor}`)
  for (const [, value] of schemasIn(schema))
    if (isJsonObject(value)) namesIn(value, depth + 1, names)
  return names
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, 'u').unicode
  } catch {
    return false
  }
}

function keyed<T>(names: readonly string[], value: T): Record<string, T> {
  return Object.fromEntries(names.map((name) => [name, value]))
}
