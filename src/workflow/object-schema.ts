import { z } from 'zod'

/** A JSON Schema of a map, as far as its outermost form goes: `compileSchema` says whether it is one. */
export function objectSchema(description: string) {
  return z
    .record(z.string(), z.unknown())
    .refine((schema) => objectSchemaProblem(schema) === undefined, {
      error: (issue) =>
        objectSchemaProblem(issue.input as Record<string, unknown>) ?? 'is not a JSON Schema',
    })
    .meta({ description })
}

/** What is wrong with the outermost form of a schema of a map; undefined when nothing is. */
export function objectSchemaProblem({
  type,
  properties,
  required,
}: Record<string, unknown>): string | undefined {
  if (type !== 'object') return 'must be a JSON Schema with `type: object`'
  const isMap = typeof properties === 'object' && properties !== null && !Array.isArray(properties)
  if (properties !== undefined && !isMap) return '`properties` must be a map'
  if (required !== undefined && !Array.isArray(required)) return '`required` must be a list'
  return undefined
}
