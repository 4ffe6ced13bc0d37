import { z } from 'zod'
import { crossCheck } from '../schema/cross-check.ts'
import { count, duration, mapOf, text } from '../schema/fields.ts'
import { toolAnnotations } from '../schema/tool-annotations.ts'
import { checkOutputProperty, depthOf } from './check-output.ts'
import { checkInnerStep, checkStep } from './check-step.ts'
import { checkSteps } from './check-steps.ts'

const TOOL_NAME = /^[a-zA-Z0-9][a-zA-Z0-9._-]*$/
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/
const MAX_OUTPUT_DEPTH = 10

const toolName = z
  .string()
  .regex(TOOL_NAME, { error: (issue) => `"${issue.input}" is not a tool name` })
  .meta({ description: 'Tool: its final name, or `workload.tool`' })
const templated = mapOf(z.unknown(), 'Arguments; text is a template')
const template = (description: string) => text(`${description}; a template`)
const jsonSchema = (description: string) =>
  z
    .record(z.string(), z.unknown())
    .refine(isObjectSchema, { error: objectSchemaReason })
    .meta({ description })

const onError = crossCheck(
  z.strictObject({
    action: z
      .enum(['abort', 'continue', 'retry'])
      .meta({ description: 'What a failure does' })
      .default('abort'),
    retryCount: count('How often to try again', 0).optional(),
    retryDelay: duration('Wait before the first new try', 'positive').optional(),
  }),
  (block, report) => {
    if (block.action !== 'retry') return
    if (typeof block.retryCount === 'number' && block.retryCount >= 1) return
    report(block.retryCount === undefined ? [] : ['retryCount'], 'needs retryCount ≥ 1 for retry')
  },
).transform((v) => ({
  action: v.action,
  retryCount: v.retryCount ?? 0,
  retryDelayMs: v.retryDelay ?? 1000,
}))

const reaction = z.strictObject({
  action: z
    .enum(['abort', 'continue', 'skip_remaining'])
    .meta({ description: 'What this answer does' }),
})

const innerStep = crossCheck(
  z.strictObject({
    id: text('Id of the inner step'),
    type: z
      .enum(['', 'tool', 'elicitation', 'forEach'])
      .meta({ description: 'Only `tool`' })
      .optional(),
    tool: toolName.optional(),
    arguments: templated.optional(),
    onError: onError.meta({ description: 'What happens when it fails' }).optional(),
    condition: template('Not used in a loop').optional(),
    timeout: duration('Not used in a loop').optional(),
    dependsOn: z.array(z.string()).meta({ description: 'Not used in a loop' }).optional(),
    defaultResults: mapOf(z.unknown(), 'Not used in a loop').optional(),
  }),
  checkInnerStep,
).transform((v) => ({
  id: v.id,
  tool: v.tool ?? '',
  arguments: v.arguments ?? {},
  onError: v.onError,
}))

const stepFields = z.strictObject({
  id: text('Id of the step, unique in the tool'),
  type: z
    .enum(['', 'tool', 'elicitation', 'forEach'])
    .meta({ description: 'Kind of step' })
    .default('tool'),
  tool: toolName.optional(),
  arguments: templated.optional(),
  condition: template('Run only if this gives true').optional(),
  dependsOn: z.array(z.string()).meta({ description: 'Ids of steps that come first' }).default([]),
  onError: onError.meta({ description: 'What happens when it fails' }).optional(),
  timeout: duration('Longest time of the step', 'positive').prefault('5m'),
  message: template('elicitation: the question').optional(),
  schema: jsonSchema('elicitation: JSON Schema of the answer').optional(),
  onDecline: reaction.meta({ description: 'elicitation: when the answer is no' }).optional(),
  onCancel: reaction.meta({ description: 'elicitation: when there is no answer' }).optional(),
  defaultResults: mapOf(z.unknown(), 'Output when the step is skipped or failed').optional(),
  collection: template('forEach: gives a JSON array').optional(),
  itemVar: z
    .string()
    .regex(IDENTIFIER, { error: 'must be an identifier' })
    .refine((name) => name !== 'index', { error: 'must not be "index"' })
    .meta({ description: 'forEach: name of the item under .forEach' })
    .optional(),
  maxParallel: count('forEach: iterations at once', 0, 50).optional(),
  maxIterations: count('forEach: largest collection', 0, 1000).optional(),
  step: innerStep.meta({ description: 'forEach: what is done for each item' }).optional(),
})

const step = crossCheck(stepFields, checkStep).transform((v) => ({
  id: v.id,
  dependsOn: v.dependsOn,
  timeoutMs: v.timeout,
  condition: v.condition,
  defaultResults: v.defaultResults,
  onError: v.onError ?? { action: 'abort' as const, retryCount: 0, retryDelayMs: 1000 },
  does: toAction(v),
}))

/** One step of a composite tool, checked; what it does is told apart by `does.kind`. */
export type StepConfig = z.output<typeof step>

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
    value: template('Its value').optional(),
    get properties() {
      return mapOf(outputProperty, 'Nested values, for the type object').optional()
    },
    default: z.unknown().meta({ description: 'Used when the template gives nothing' }).optional(),
  }),
  checkOutputProperty,
) as z.ZodType<OutputProperty>

const output = crossCheck(
  z.strictObject({
    properties: mapOf(outputProperty, 'The values of the result'),
    required: z
      .array(z.string())
      .meta({ description: 'Values without which the run fails' })
      .default([]),
  }),
  (block, report) => {
    if (!isMap(block.properties)) return
    const names = Object.keys(block.properties)
    if (names.length === 0) report(['properties'], 'must have at least one value')
    if (depthOf(block) > MAX_OUTPUT_DEPTH) report([], `is nested deeper than ${MAX_OUTPUT_DEPTH}`)
    for (const [index, name] of listOf(block.required).entries()) {
      if (names.includes(String(name))) continue
      report(['required', index], `"${String(name)}" is not one of the properties`)
    }
  },
)

const compositeTool = crossCheck(
  z.strictObject({
    name: text('Name clients see'),
    description: text('Description clients see'),
    parameters: jsonSchema('JSON Schema of the arguments').optional(),
    timeout: duration('Longest run; 0 = none').prefault('30m'),
    steps: z.array(step).min(1).max(100).meta({ description: 'The steps' }),
    output: output.meta({ description: 'The result; default: that of the last step' }).optional(),
    annotations: toolAnnotations.optional(),
  }),
  (block, report) => checkSteps(block, report),
).transform(({ timeout, ...v }) => ({ ...v, timeoutMs: timeout }))

/** One composite tool, checked, with defaults; times in milliseconds. */
export type CompositeToolConfig = z.output<typeof compositeTool>

/** `compositeTools`. */
export const compositeTools = z
  .array(compositeTool)
  .check(checkToolNames)
  .meta({ description: 'Workflows that look like tools' })

function toAction(v: z.output<typeof stepFields>) {
  if (v.type === 'elicitation') {
    return {
      kind: 'elicitation' as const,
      message: v.message ?? '',
      schema: v.schema ?? {},
      onDecline: v.onDecline?.action ?? ('abort' as const),
      onCancel: v.onCancel?.action ?? ('abort' as const),
    }
  }
  if (v.type === 'forEach') {
    return {
      kind: 'forEach' as const,
      collection: v.collection ?? '',
      itemVar: v.itemVar ?? 'item',
      maxParallel: v.maxParallel || 10,
      maxIterations: v.maxIterations || 100,
      step: v.step ?? { id: '', tool: '', arguments: {}, onError: undefined },
    }
  }
  return { kind: 'tool' as const, tool: v.tool ?? '', arguments: v.arguments ?? {} }
}

function checkToolNames(ctx: { value: unknown; issues: z.core.$ZodRawIssue[] }): void {
  const seen = new Set<unknown>()
  for (const [index, tool] of listOf(ctx.value).entries()) {
    const name = isMap(tool) ? tool['name'] : undefined
    if (typeof name === 'string' && seen.has(name)) {
      const message = `duplicate composite tool name "${name}"`
      ctx.issues.push({ code: 'custom', path: [index, 'name'], input: name, message })
    }
    seen.add(name)
  }
}

function isObjectSchema(schema: Record<string, unknown>): boolean {
  return objectSchemaProblem(schema) === undefined
}

function objectSchemaReason(issue: { input?: unknown }): string {
  return objectSchemaProblem(issue.input as Record<string, unknown>) ?? 'is not a JSON Schema'
}

function objectSchemaProblem(schema: Record<string, unknown>): string | undefined {
  if (schema['type'] !== 'object') return 'must be a JSON Schema with `type: object`'
  const { properties, required } = schema
  if (properties !== undefined && !isMap(properties)) return '`properties` must be a map'
  if (required !== undefined && !Array.isArray(required)) return '`required` must be a list'
  return undefined
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
