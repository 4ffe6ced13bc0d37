import { closest } from '../base/edit-distance.ts'
import { isJsonObject, type Json, type JsonObject } from '../base/json.ts'
import type { Finding } from '../schema/finding.ts'
import { defaultOf } from './fill-defaults.ts'
import { compileSchema, depthOf } from './json-schema.ts'
import { objectSchemaProblem } from './object-schema.ts'
import type { LooseStep } from './loose-steps.ts'
import { typesOf } from './schema-types.ts'
import { isMap, listOf, type LooseMap } from './template-places.ts'

const MAX_QUESTION_DEPTH = 10

/** Checks that `parameters` and the `schema` of questions are JSON Schemas, and that they make sense. */
export function checkSchemas(tool: LooseMap, steps: readonly LooseStep[]): Finding[] {
  const { parameters } = tool
  return [
    ...(isMap(parameters) ? checkParameters(parameters as JsonObject) : []),
    ...steps.flatMap(({ kind, value, index }) =>
      kind === 'elicitation' && isMap(value['schema'])
        ? checkQuestion(value['schema'] as JsonObject, ['steps', index, 'schema'])
        : [],
    ),
  ]
}

function checkParameters(schema: JsonObject): Finding[] {
  const path = ['parameters']
  if (objectSchemaProblem(schema) !== undefined) return []
  const compiled = compileSchema(schema)
  if (!compiled.ok) return [{ path: [...path, ...compiled.path], reason: compiled.reason }]
  return [...unknownRequired(schema, path), ...unfitDefaults(schema, schema, path)]
}

function unknownRequired(schema: JsonObject, path: PropertyKey[]): Finding[] {
  const { properties, required } = schema
  if (!isJsonObject(properties)) return []
  const known = Object.keys(properties)
  return listOf(required).flatMap((name, index): Finding[] => {
    if (typeof name !== 'string' || known.includes(name)) return []
    const meant = closest(name, known)
    const hint = meant === undefined ? {} : { hint: `did you mean "${meant}"?` }
    const reason = `"${name}" is not one of the properties`
    return [{ path: [...path, 'required', index], reason, ...hint, severity: 'warning' }]
  })
}

function unfitDefaults(node: Json | undefined, root: JsonObject, path: PropertyKey[]): Finding[] {
  if (!isJsonObject(node)) return []
  const own = defaultOf(node, root)
  const findings: Finding[] = []
  if (own?.fits === false) {
    const reason = `is not of the type ${[...typesOf(node, root)].join(' or ')}`
    findings.push({ path: [...path, 'default'], reason, severity: 'warning' })
  }
  const { properties, items } = node
  for (const [name, child] of isJsonObject(properties) ? Object.entries(properties) : []) {
    findings.push(...unfitDefaults(child, root, [...path, 'properties', name]))
  }
  return [...findings, ...unfitDefaults(items, root, [...path, 'items'])]
}

function checkQuestion(schema: JsonObject, path: PropertyKey[]): Finding[] {
  if (objectSchemaProblem(schema) !== undefined) return []
  const depth = depthOf(schema)
  if (depth > MAX_QUESTION_DEPTH) {
    const reason = `is nested ${depth} levels deep; the limit is ${MAX_QUESTION_DEPTH}`
    return [{ path, reason }]
  }
  const compiled = compileSchema(schema)
  if (!compiled.ok) return [{ path: [...path, ...compiled.path], reason: compiled.reason }]
  const { properties } = schema
  return Object.entries(isJsonObject(properties) ? properties : {}).flatMap(
    ([name, property]): Finding[] => {
      if (!isJsonObject(property) || property['type'] !== 'object') return []
      const reason = 'is a map: clients ask for text, numbers and choices only'
      return [{ path: [...path, 'properties', name], reason, severity: 'warning' }]
    },
  )
}
