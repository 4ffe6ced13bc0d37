import type { Json, JsonObject } from '../base/json.ts'
import type { ToolAnnotations } from '../schema/tool-annotations.ts'
import type { Template } from '../template/template.ts'

/** A composite tool, checked and with everything parsed once: what a run goes by. */
export interface WorkflowPlan {
  readonly name: string
  readonly description: string
  /** The explicit ones, as written. */
  readonly annotations: ToolAnnotations | undefined
  /** JSON Schema of the arguments, as written: what clients see as `inputSchema`. */
  readonly parameters: JsonObject | undefined
  /** 0 = none. */
  readonly timeoutMs: number
  /** Steps of one run at once; iterations of loops do not count. */
  readonly maxParallel: number
  /** In the order of the file. */
  readonly steps: readonly PlannedStep[]
  readonly output: PlannedOutput | undefined
  /** The composite tool as it was written, so that a run can be continued by it: `parseDefinition` makes this plan of it again. */
  readonly definition: JsonObject
  /** SHA-256 of the definition in base64url; the order of keys does not matter. */
  readonly digest: string
}

/** One step of a plan. */
export interface PlannedStep {
  readonly id: string
  /** The ids written in `dependsOn`, then those of other steps whose results its templates read. */
  readonly dependsOn: readonly string[]
  readonly condition: Template | undefined
  /** Undefined when not written: then 5 minutes for a tool or a question, and for a loop only the time of the run. */
  readonly timeoutMs: number | undefined
  readonly onError: PlannedOnError
  /** What the step gives when it is skipped, or failed and the run goes on. */
  readonly defaultResults: JsonObject | undefined
  /** The step says that calling its tool twice does no harm. */
  readonly idempotent: boolean
  readonly does: ToolAction | ElicitationAction | ForEachAction
}

/** What a failure of a step does. */
export interface PlannedOnError {
  readonly action: 'abort' | 'continue' | 'retry'
  /** Further tries, 0 … 10; 0 unless the action is `retry`. */
  readonly retryCount: number
  /** Wait before the first further try. */
  readonly retryDelayMs: number
}

/** Calls a tool. */
export interface ToolAction {
  readonly kind: 'tool'
  /** Its final name, or `workload.tool`. */
  readonly tool: string
  /** A map. */
  readonly arguments: PlannedMap
}

/** Asks the caller. */
export interface ElicitationAction {
  readonly kind: 'elicitation'
  readonly message: Template
  readonly schema: JsonObject
  readonly onDecline: Reaction
  readonly onCancel: Reaction
}

/** What an answer other than accept does. */
export type Reaction = 'abort' | 'continue' | 'skip_remaining'

/** Does one inner step for every item of a collection. */
export interface ForEachAction {
  readonly kind: 'forEach'
  /** Gives an array, or text that is a JSON array. */
  readonly collection: Template
  readonly itemVar: string
  readonly maxParallel: number
  readonly maxIterations: number
  /** Where iterations run: in this process, or spread over all that share a store. */
  readonly distribution: 'local' | 'fleet'
  /** `does.kind` is `tool`, `dependsOn` is empty. */
  readonly step: PlannedStep & { readonly does: ToolAction }
}

/** A value in which text may be a template. */
export type PlannedValue =
  | { readonly kind: 'literal'; readonly value: Json }
  | { readonly kind: 'template'; readonly template: Template }
  | { readonly kind: 'list'; readonly items: readonly PlannedValue[] }
  | PlannedMap

export interface PlannedMap {
  readonly kind: 'map'
  readonly entries: ReadonlyMap<string, PlannedValue>
}

/** The `output` block. */
export interface PlannedOutput {
  readonly properties: ReadonlyMap<string, PlannedProperty>
  readonly required: readonly string[]
}

/** One value of the output; it has a template or nested properties. */
export interface PlannedProperty {
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'object' | 'array'
  readonly description: string
  readonly value: Template | undefined
  readonly properties: ReadonlyMap<string, PlannedProperty> | undefined
  /** Undefined = none. */
  readonly default: Json | undefined
}
