import type { Json, JsonObject } from '../base/json.ts'
import type { PlannedOutput, PlannedProperty } from './plan.ts'

/**
 * The `outputSchema` of a composite tool; undefined when it has no `output` block. Some clients hold failed results to it as well
 * (SDK 1.x for TypeScript), so what does not fit those is only one of two shapes that a result may have.
 */
export function outputSchemaOf(output: PlannedOutput | undefined): JsonObject | undefined {
  if (output === undefined) return undefined
  const all = [...output.properties]
  const shared = all.filter(([name, property]) => fitsFailures(name, property))
  const own = all.filter(([name, property]) => !fitsFailures(name, property))
  const schema = { type: 'object', properties: schemasOf(shared) }
  if (own.length === 0 && output.required.length === 0) return schema
  const completed = {
    ...(own.length > 0 ? { properties: schemasOf(own) } : {}),
    ...(output.required.length > 0 ? { required: [...output.required] } : {}),
  }
  return { ...schema, anyOf: [completed, structuredClone(NOT_COMPLETED)] }
}

const TEXT = { type: 'string' }

/** The partial results of `toToolResult`. */
const NOT_COMPLETED = {
  description: 'What was done, when it did not complete',
  properties: {
    status: { type: 'string', enum: ['failed', 'timed_out', 'cancelled', 'outcome_unknown'] },
    workflow: TEXT,
    run: TEXT,
    failedStep: TEXT,
    iteration: { type: 'integer' },
    tries: { type: 'integer' },
    input: {},
    unknown: { type: 'array', items: { type: 'object' } },
    error: TEXT,
    completed: { type: 'array', items: TEXT },
    steps: { type: 'object' },
  },
  required: ['status', 'workflow', 'run', 'error', 'completed', 'steps'],
} satisfies JsonObject

/** Whether what a failed run tells under this name is of the same type. */
function fitsFailures(name: string, { type, properties }: PlannedProperty): boolean {
  if (!Object.hasOwn(NOT_COMPLETED.properties, name)) return true
  const told: Json = NOT_COMPLETED.properties[name as keyof typeof NOT_COMPLETED.properties]
  return 'type' in told && told.type === type && properties === undefined
}

function schemasOf(properties: Iterable<readonly [string, PlannedProperty]>): JsonObject {
  const schemas = Array.from(properties, ([name, property]): [string, JsonObject] => [
    name,
    {
      type: property.type,
      description: property.description,
      ...(property.default === undefined ? {} : { default: property.default }),
      ...(property.properties === undefined ? {} : { properties: schemasOf(property.properties) }),
    },
  ])
  return Object.fromEntries(schemas)
}
