import type { Json, JsonObject } from '../../base/json.ts'
import { parseTemplate } from '../../template/template.ts'
import type {
  ElicitationAction,
  ForEachAction,
  PlannedMap,
  PlannedStep,
  PlannedValue,
  Reaction,
  ToolAction,
  WorkflowPlan,
} from '../plan.ts'

interface AnyStep {
  id: string
  after?: string[]
  condition?: string
  timeoutMs?: number
  onError?: { action: 'abort' | 'continue' | 'retry'; retryCount?: number; retryDelayMs?: number }
  defaultResults?: JsonObject
  idempotent?: boolean
}

type ToolStep = AnyStep & { tool: string; arguments?: JsonObject }

/** A step in few words. */
export type ShortStep =
  | ToolStep
  | (AnyStep & { ask: string; schema?: JsonObject; onDecline?: Reaction; onCancel?: Reaction })
  | (AnyStep & {
      each: string
      itemVar?: string
      maxParallel?: number
      maxIterations?: number
      distribution?: 'local' | 'fleet'
      step: ToolStep
    })

/** A plan for tests, unchecked. */
export function planOf(
  steps: readonly ShortStep[],
  rest: Partial<WorkflowPlan> = {},
): WorkflowPlan {
  return {
    name: 'flow',
    description: 'a flow',
    annotations: undefined,
    parameters: undefined,
    timeoutMs: 0,
    maxParallel: 10,
    steps: steps.map(stepOf),
    output: undefined,
    definition: { steps: steps as unknown as Json },
    digest: 'digest',
    ...rest,
  }
}

function stepOf(step: ShortStep): PlannedStep {
  return { ...commonOf(step), does: actionOf(step) }
}

function commonOf(step: AnyStep): Omit<PlannedStep, 'does'> {
  const { action = 'abort', retryCount = 0, retryDelayMs = 1000 } = step.onError ?? {}
  return {
    id: step.id,
    dependsOn: step.after ?? [],
    condition: step.condition === undefined ? undefined : parseTemplate(step.condition),
    timeoutMs: step.timeoutMs,
    onError: { action, retryCount, retryDelayMs },
    defaultResults: step.defaultResults,
    idempotent: step.idempotent ?? false,
  }
}

function actionOf(step: ShortStep): ToolAction | ElicitationAction | ForEachAction {
  if ('tool' in step) return toolOf(step)
  if ('ask' in step) {
    return {
      kind: 'elicitation',
      message: parseTemplate(step.ask),
      schema: step.schema ?? { type: 'object', properties: {} },
      onDecline: step.onDecline ?? 'abort',
      onCancel: step.onCancel ?? 'abort',
    }
  }
  return {
    kind: 'forEach',
    collection: parseTemplate(step.each),
    itemVar: step.itemVar ?? 'item',
    maxParallel: step.maxParallel ?? 10,
    maxIterations: step.maxIterations ?? 100,
    distribution: step.distribution ?? 'local',
    step: { ...commonOf(step.step), does: toolOf(step.step) },
  }
}

function toolOf(step: ToolStep): ToolAction {
  return { kind: 'tool', tool: step.tool, arguments: mapOf(step.arguments ?? {}) }
}

function mapOf(value: JsonObject): PlannedMap {
  const entries = Object.entries(value).map(([name, one]) => [name, valueOf(one ?? null)] as const)
  return { kind: 'map', entries: new Map(entries) }
}

function valueOf(value: Json): PlannedValue {
  if (typeof value === 'string') return { kind: 'template', template: parseTemplate(value) }
  if (Array.isArray(value)) return { kind: 'list', items: value.map(valueOf) }
  if (typeof value === 'object' && value !== null) return mapOf(value)
  return { kind: 'literal', value }
}
