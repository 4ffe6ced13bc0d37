import { isJsonObject, type Json, type JsonObject } from '../base/json.ts'
import { isRawNumber } from '../base/parse-json.ts'

/** The types of JSON Schema. */
export type SchemaType = 'string' | 'integer' | 'number' | 'boolean' | 'object' | 'array' | 'null'

/**
 * The types a schema asks for: by `type`, or by that of the branches of `anyOf`, `oneOf` and `allOf`, references into the
 * same schema followed. Empty when it does not say.
 */
export function typesOf(schema: Json | undefined, root: JsonObject): ReadonlySet<SchemaType> {
  const types = new Set<SchemaType>()
  const visit = (node: Json | undefined, depth: number): void => {
    const each = resolveSchema(node, root)
    if (each === undefined || depth > MAX_DEPTH) return
    for (const type of [each['type']].flat()) if (isSchemaType(type)) types.add(type)
    for (const key of ['anyOf', 'oneOf', 'allOf']) {
      const branches = each[key]
      if (Array.isArray(branches)) for (const branch of branches) visit(branch, depth + 1)
    }
  }
  visit(schema, 0)
  return types
}

const MAX_DEPTH = 8

/** The schema, with `$ref`s into `root` followed; undefined when there is none. */
export function resolveSchema(node: Json | undefined, root: JsonObject): JsonObject | undefined {
  let current = node
  for (let step = 0; step < MAX_DEPTH && isJsonObject(current); step++) {
    const target = current['$ref']
    if (typeof target !== 'string' || !target.startsWith('#')) return current
    current = pointedAt(root, target.slice(1))
  }
  return undefined
}

/** Whether a value is of a type; a whole number is an integer however it is written. */
export function isOfType(value: Json, type: SchemaType): boolean {
  if (isRawNumber(value)) return type === 'number' || type === 'integer'
  switch (type) {
    case 'integer':
      return Number.isInteger(value)
    case 'array':
      return Array.isArray(value)
    case 'object':
      return isJsonObject(value)
    case 'null':
      return value === null
    default:
      return typeof value === type
  }
}

function isSchemaType(type: Json | undefined): type is SchemaType {
  return typeof type === 'string' && SCHEMA_TYPES.has(type)
}

const SCHEMA_TYPES: ReadonlySet<string> = new Set([
  'string',
  'integer',
  'number',
  'boolean',
  'object',
  'array',
  'null',
] satisfies SchemaType[])

function pointedAt(root: JsonObject, pointer: string): Json | undefined {
  let value: Json | undefined = root
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
    if (Array.isArray(value)) value = value[Number(key)]
    else value = isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
  }
  return value
}
