import { Ajv } from 'ajv'
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import { closest } from '../base/edit-distance.ts'
import { isJsonObject, type Json, type JsonObject } from '../base/json.ts'
import { isRawNumber } from '../base/parse-json.ts'
import { describeJson, follow, toMistakes, type SchemaMistake } from './schema-mistakes.ts'

/** Finds what is wrong with a value; nothing when it fits. */
export type SchemaCheck = (value: Json) => readonly SchemaMistake[]

/** A compiled schema, or what is wrong with it and where. */
export type CompiledSchema =
  | { readonly ok: true; readonly check: SchemaCheck }
  | { readonly ok: false; readonly path: readonly PropertyKey[]; readonly reason: string }

const MAX_BYTES = 100 * 1024
const MAX_DEPTH = 64
/** For larger values only the first mistake is looked for: millions of them would have to be kept. */
const MAX_BYTES_FOR_ALL = 64 * 1024
const OPTIONS = {
  strict: false,
  validateFormats: false,
  unicodeRegExp: false,
  verbose: true,
  logger: false,
} as const

/**
 * Compiles a JSON Schema: 2020-12, or draft-07 where `$schema` says so. `format` only describes. Nothing is ever fetched: a
 * `$ref` that leaves the schema is a mistake. At most 100 KB and 64 levels.
 */
export function compileSchema(schema: JsonObject): CompiledSchema {
  const wrong = outsideOfBounds(schema) ?? remoteReference(schema)
  if (wrong) return { ok: false, ...wrong }
  const { $schema, ...rest } = schema
  const isOld = typeof $schema === 'string' && /draft-0[67]/.test($schema)
  const create = (allErrors: boolean): Ajv | Ajv2020 =>
    new (isOld ? Ajv : Ajv2020)({ ...OPTIONS, allErrors })
  try {
    const ajv = create(false)
    if (ajv.validateSchema(rest) !== true) return { ok: false, ...notASchema(ajv.errors, rest) }
    const first = ajv.compile(rest)
    let all: typeof first | undefined
    const check: SchemaCheck = (value) => {
      const plain = withoutRawNumbers(value)
      if (first(plain)) return []
      if (JSON.stringify(plain).length > MAX_BYTES_FOR_ALL) return toMistakes(first.errors, plain)
      all ??= create(true).compile(rest)
      all(plain)
      return toMistakes(all.errors, plain)
    }
    return { ok: true, check }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { ok: false, path: [], reason: `is not a JSON Schema: ${reason}` }
  }
}

function notASchema(
  errors: ErrorObject[] | null | undefined,
  schema: JsonObject,
): { path: PropertyKey[]; reason: string } {
  const [error] = errors ?? []
  if (error === undefined) return { path: [], reason: 'is not a JSON Schema' }
  const path = follow(schema, error.instancePath).rendered
  if (path.at(-1) !== 'type') return { path, reason: `is not a JSON Schema: ${error.message}` }
  const meant = typeof error.data === 'string' ? meantType(error.data) : undefined
  const hint = meant === undefined ? `: one of ${TYPES.join(', ')}` : `; did you mean "${meant}"?`
  return { path, reason: `${describeJson(error.data as Json)} is not a type of JSON Schema${hint}` }
}

function meantType(word: string): string | undefined {
  const begun = word.length < 3 ? [] : TYPES.filter((type) => type.startsWith(word.toLowerCase()))
  return begun.length === 1 ? begun[0] : closest(word, TYPES)
}

const TYPES = ['string', 'integer', 'number', 'boolean', 'object', 'array', 'null']

function outsideOfBounds(schema: JsonObject): { path: PropertyKey[]; reason: string } | undefined {
  const depth = depthOf(schema)
  if (depth > MAX_DEPTH) {
    return { path: [], reason: `is nested ${depth} levels deep; the limit is ${MAX_DEPTH}` }
  }
  const bytes = JSON.stringify(schema).length
  if (bytes <= MAX_BYTES) return undefined
  return { path: [], reason: `has ${bytes} bytes as JSON; the limit is ${MAX_BYTES}` }
}

/** How many maps and lists lie inside of each other. */
export function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}

function remoteReference(root: JsonObject): { path: PropertyKey[]; reason: string } | undefined {
  const ids = new Set<unknown>()
  const found: { path: PropertyKey[]; target: string }[] = []
  const walk = (value: unknown, path: PropertyKey[]): void => {
    if (Array.isArray(value)) value.forEach((item, index) => walk(item, [...path, index]))
    if (!isJsonObject(value)) return
    ids.add(value['$id'])
    for (const [key, child] of Object.entries(value)) {
      const isReference = key === '$ref' || key === '$dynamicRef'
      if (isReference && typeof child === 'string' && !child.startsWith('#')) {
        found.push({ path: [...path, key], target: child })
      }
      // What stands in these is data, not schema.
      if (!['enum', 'const', 'default', 'examples'].includes(key)) walk(child, [...path, key])
    }
  }
  walk(root, [])
  const outside = found.find(({ target }) => !ids.has(target.split('#')[0]))
  if (!outside) return undefined
  const { path, target } = outside
  return { path, reason: `"${target}" is outside of this schema, and schemas are never fetched` }
}

/** Numbers that JavaScript cannot hold become the nearest that it can: good enough for a check. */
function withoutRawNumbers(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value
  if (isRawNumber(value)) return Number(JSON.stringify(value))
  if (Array.isArray(value)) return value.map(withoutRawNumbers)
  const entries = Object.entries(value).map(([key, child]): [string, Json | undefined] => [
    key,
    child === undefined ? undefined : withoutRawNumbers(child),
  ])
  return Object.fromEntries(entries)
}
