import { z } from 'zod'

/** A JSON Schema object. */
export type JsonSchema = { [key: string]: unknown }

/**
 * The JSON Schema (2020-12) of what may be written in a file, for editors and reference pages. Rules over several fields are
 * not in it. Maps of text take plain numbers and booleans, as checking does.
 */
export function toJsonSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => adapt(jsonSchema as JsonSchema),
  }) as JsonSchema
}

function adapt(schema: JsonSchema): void {
  if (isEmptyMap(schema['default'])) delete schema['default']
  if (schema['maximum'] === Number.MAX_SAFE_INTEGER) delete schema['maximum']
  if (schema['oneOf'] !== undefined) {
    for (const key of ['type', 'pattern', 'format']) delete schema[key]
  }
  const { additionalProperties: values } = schema as { additionalProperties?: JsonSchema }
  if (values?.['type'] === 'string' && values['pattern'] === undefined) {
    values['type'] = ['string', 'number', 'boolean']
  }
  const { propertyNames: names } = schema as { propertyNames?: JsonSchema }
  if (names && Object.keys(names).join() === 'type') delete schema['propertyNames']
}

function isEmptyMap(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.keys(value).length === 0
  )
}
