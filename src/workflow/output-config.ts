import { z } from 'zod'
import { crossCheck } from '../schema/cross-check.ts'
import { mapOf, text } from '../schema/fields.ts'
import { checkOutputProperty, depthOf } from './check-output.ts'

const MAX_OUTPUT_DEPTH = 10

/** One value of the `output` block of a composite tool. */
export interface OutputProperty {
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'object' | 'array'
  readonly description: string
  readonly value?: string | undefined
  readonly properties?: Readonly<Record<string, OutputProperty>> | undefined
  readonly default?: unknown
}

const outputProperty: z.ZodType<OutputProperty> = crossCheck(
  z.strictObject({
    type: z
      .enum(['string', 'integer', 'number', 'boolean', 'object', 'array'])
      .meta({ description: 'What the value is turned into' }),
    description: text('What it is'),
    value: text('Its value; a template').optional(),
    get properties() {
      return mapOf(outputProperty, 'Nested values, for the type object').optional()
    },
    default: z.unknown().meta({ description: 'Used when the template gives nothing' }).optional(),
  }),
  checkOutputProperty,
) as z.ZodType<OutputProperty>

/** The `output` block of a composite tool. */
export const output = crossCheck(
  z.strictObject({
    properties: mapOf(outputProperty, 'The values of the result'),
    required: z
      .array(z.string())
      .meta({ description: 'Values without which the run fails' })
      .default([]),
  }),
  (block, report) => {
    const { properties, required } = block
    if (typeof properties !== 'object' || properties === null) return
    const names = Object.keys(properties)
    if (names.length === 0) report(['properties'], 'must have at least one value')
    if (depthOf(block) > MAX_OUTPUT_DEPTH) report([], `is nested deeper than ${MAX_OUTPUT_DEPTH}`)
    for (const [index, name] of (Array.isArray(required) ? required : []).entries()) {
      if (names.includes(String(name))) continue
      report(['required', index], `"${String(name)}" is not one of the properties`)
    }
  },
)
