import { createHash } from 'node:crypto'
import { isJsonObject, type Json, type JsonObject } from '../base/json.ts'
import { parseTemplate, type Template } from '../template/template.ts'
import { compositeTool, type CompositeToolConfig } from './config.ts'
import { withDataDependencies } from './data-dependencies.ts'
import type { OutputProperty } from './output-config.ts'
import type {
  ForEachAction,
  PlannedMap,
  PlannedOutput,
  PlannedProperty,
  PlannedStep,
  PlannedValue,
  ToolAction,
  WorkflowPlan,
} from './plan.ts'
import type { StepConfig } from './step-config.ts'
import { collectionSource } from './template-places.ts'

/**
 * Makes the plan of a composite tool that passed all checks: every template parsed, every dependency in place. Throws when a
 * template cannot be parsed.
 * @param definition The composite tool as it was written.
 */
export function compilePlan(config: CompositeToolConfig, definition: JsonObject): WorkflowPlan {
  const { steps } = withDataDependencies(config.steps.map(planStep))
  return {
    name: config.name,
    description: config.description,
    annotations: config.annotations,
    parameters: config.parameters as JsonObject | undefined,
    timeoutMs: config.timeoutMs,
    maxParallel: config.maxParallel,
    steps,
    output: config.output && planOutput(config.output),
    definition,
    digest: createHash('sha256')
      .update(JSON.stringify(inOrder(definition)))
      .digest('base64url'),
  }
}

/** Makes the plan again of `plan.definition`. Throws when it cannot, as with the definition of another version. */
export function parseDefinition(definition: JsonObject): WorkflowPlan {
  return compilePlan(compositeTool.parse(definition), definition)
}

function planStep(step: StepConfig): PlannedStep {
  const planned = { ...common(step), does: planAction(step.does) }
  const { onError, does } = planned
  // A loop is not tried again as a whole.
  if (does.kind !== 'forEach' || onError.action !== 'retry') return planned
  return { ...planned, onError: { ...onError, action: 'abort', retryCount: 0 } }
}

function common(step: Omit<StepConfig, 'does'>): Omit<PlannedStep, 'does'> {
  const { action, retryCount, retryDelayMs } = step.onError
  const tries = action === 'retry' ? Math.min(retryCount, MAX_RETRIES) : 0
  return {
    id: step.id,
    dependsOn: [...new Set(step.dependsOn)],
    condition: step.condition === undefined ? undefined : parseTemplate(step.condition),
    timeoutMs: step.timeoutMs,
    onError: { action, retryCount: tries, retryDelayMs },
    defaultResults: step.defaultResults as JsonObject | undefined,
    idempotent: step.idempotent,
  }
}

/** More tries than this are never made. */
export const MAX_RETRIES = 10

function planAction(does: StepConfig['does']): PlannedStep['does'] {
  if (does.kind === 'tool') return planTool(does)
  if (does.kind === 'elicitation') {
    return { ...does, message: parseTemplate(does.message), schema: does.schema as JsonObject }
  }
  const step = { ...common(does.step), does: planTool(does.step.does) }
  const collection = parseTemplate(collectionSource(does.collection).source)
  return { ...does, collection, step } satisfies ForEachAction
}

function planTool(does: { tool: string; arguments: Record<string, unknown> }): ToolAction {
  return { kind: 'tool', tool: does.tool, arguments: planMap(does.arguments as JsonObject) }
}

function planMap(map: JsonObject): PlannedMap {
  const entries = Object.entries(map).map(([key, value]): [string, PlannedValue] => [
    key,
    planValue(value ?? null),
  ])
  return { kind: 'map', entries: new Map(entries) }
}

function planValue(value: Json): PlannedValue {
  if (typeof value === 'string') {
    return value.includes('{{')
      ? { kind: 'template', template: parseTemplate(value) }
      : { kind: 'literal', value }
  }
  if (Array.isArray(value)) return { kind: 'list', items: value.map(planValue) }
  return isJsonObject(value) ? planMap(value) : { kind: 'literal', value }
}

function planOutput(output: NonNullable<CompositeToolConfig['output']>): PlannedOutput {
  return { properties: planProperties(output.properties), required: output.required }
}

function planProperties(
  properties: Readonly<Record<string, OutputProperty>>,
): ReadonlyMap<string, PlannedProperty> {
  return new Map(
    Object.entries(properties).map(([name, property]) => [
      name,
      {
        type: property.type,
        description: property.description,
        value: templateOf(property.value),
        properties: property.properties && planProperties(property.properties),
        default: property.default as Json | undefined,
      },
    ]),
  )
}

function templateOf(source: string | undefined): Template | undefined {
  return source === undefined ? undefined : parseTemplate(source)
}

/** The same value with its keys in alphabetical order. */
function inOrder(value: Json | undefined): Json | undefined {
  if (Array.isArray(value)) return value.map((item) => inOrder(item) ?? null)
  if (!isJsonObject(value)) return value
  const keys = Object.keys(value).toSorted()
  return Object.fromEntries(keys.map((key) => [key, inOrder(value[key])]))
}
