import type { Json, JsonObject } from '../base/json.ts'
import { renderPath } from '../schema/problem.ts'
import type { Template } from '../template/template.ts'
import { coerceArguments, schemaOfChild } from './coerce-arguments.ts'
import type { PlannedMap, PlannedValue } from './plan.ts'
import { typesOf, type SchemaType } from './schema-types.ts'

/** Arguments as they were planned, each with what the input schema of the tool asks for. */
export type TypedValue =
  | { readonly kind: 'literal'; readonly value: Json }
  | TypedTemplate
  | { readonly kind: 'list'; readonly items: readonly TypedValue[] }
  | TypedMap

export interface TypedTemplate {
  readonly kind: 'template'
  readonly template: Template
  /** Empty: the schema does not say. */
  readonly types: ReadonlySet<SchemaType>
  /** Where it stands in the step: `arguments.filter.path`. */
  readonly path: string
}

export interface TypedMap {
  readonly kind: 'map'
  readonly entries: readonly (readonly [key: string, value: TypedValue])[]
}

/** Looks up for all arguments what the input schema of the tool asks for. */
export function typeMap(planned: PlannedMap, inputSchema: JsonObject | undefined): TypedMap {
  const root = inputSchema ?? {}
  const visit = (
    value: PlannedValue,
    schema: Json | undefined,
    path: PropertyKey[],
  ): TypedValue => {
    switch (value.kind) {
      case 'literal':
        return { kind: 'literal', value: coerceArguments(value.value, schema, root) }
      case 'template': {
        const { template } = value
        return { kind: 'template', template, types: typesOf(schema, root), path: renderPath(path) }
      }
      case 'list': {
        const items = value.items.map((item, index) =>
          visit(item, schemaOfChild(schema, index, root), [...path, index]),
        )
        return { kind: 'list', items }
      }
      case 'map':
        return visitMap(value, schema, path)
    }
  }
  const visitMap = (map: PlannedMap, schema: Json | undefined, path: PropertyKey[]): TypedMap => ({
    kind: 'map',
    entries: Array.from(map.entries, ([key, child]) => [
      key,
      visit(child, schemaOfChild(schema, key, root), [...path, key]),
    ]),
  })
  return visitMap(planned, root, ['arguments'])
}
