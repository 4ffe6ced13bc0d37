import { isJsonObject, type Json, type JsonObject } from '../base/json.ts'
import { referencesOf } from '../template/references.ts'
import { evaluateExpression, isSingleExpression, renderTemplate } from '../template/render.ts'
import type { Template } from '../template/template.ts'
import { readCollection } from './engine/collection.ts'
import { checkCondition } from './engine/condition.ts'
import { messageOf } from './engine/message-of.ts'
import { iterationData } from './engine/run-data.ts'
import { expandArguments, type Expand } from './expand-arguments.ts'
import type { ForEachAction, PlannedStep, PlannedValue, ToolAction, WorkflowPlan } from './plan.ts'
import { startOrder } from './render-graph.ts'

/** What a step would do, as far as the arguments of the run tell. A text in it that only a run can know stays a template. */
export interface DryStep {
  readonly id: string
  readonly kind: 'tool' | 'elicitation' | 'forEach'
  /** Of a loop: what is called for each item. */
  readonly tool?: string
  readonly after: readonly string[]
  /** `true`, `false`, or the template that decides. */
  readonly condition?: string
  readonly arguments?: JsonObject
  readonly message?: string
  /** For a loop: its items, if they are known; else the template that gives them. */
  readonly collection?: number | string
  /** So many of the items are skipped by the condition of the inner step. */
  readonly skippedItems?: number
  /** What cannot be rendered or would fail, and why. */
  readonly problems: readonly string[]
}

/**
 * What a run with these arguments would do, in the order in which steps can start, without calling anything.
 * @param args Checked, defaults filled in.
 * @param schemaOf The input schema of a tool, if it is known: it decides on types.
 */
export function dryRun(
  plan: WorkflowPlan,
  args: JsonObject,
  schemaOf: (tool: string) => JsonObject | undefined,
): DryStep[] {
  return startOrder(plan.steps).map((step) => dryStep(step, { params: args, vars: {} }, schemaOf))
}

type SchemaOf = (tool: string) => JsonObject | undefined

function dryStep(step: PlannedStep, data: JsonObject, schemaOf: SchemaOf): DryStep {
  const { id, dependsOn: after, condition, does } = step
  const problems: string[] = []
  const dry = new Dry(data, problems)
  const decision = condition === undefined ? undefined : dry.condition(condition)
  // What a step lacks that is skipped for want of it is no problem.
  const inner = decision === 'false' ? new Dry(data, []) : dry
  const common = {
    id,
    kind: does.kind,
    after,
    ...(decision === undefined ? {} : { condition: decision }),
    problems,
  }
  switch (does.kind) {
    case 'tool':
      return { ...common, ...toolCall(does, inner, schemaOf) }
    case 'elicitation':
      return { ...common, message: inner.show('message', does.message) }
    case 'forEach':
      return { ...common, ...loop(does, data, inner, schemaOf) }
  }
}

function toolCall({ tool, arguments: planned }: ToolAction, dry: Dry, schemaOf: SchemaOf) {
  const schema = schemaOf(tool)
  const known = keepUnknown(planned, dry, schema === undefined)
  return { tool, arguments: expandArguments(known, schema, dry) }
}

/** With its items known, a loop shows what it does for the first one that is not skipped, and tells of which it cannot. */
function loop(does: ForEachAction, data: JsonObject, dry: Dry, schemaOf: SchemaOf) {
  const items = dry.items(does)
  const { source } = does.collection
  if (items === undefined) return { ...toolCall(does.step.does, dry, schemaOf), collection: source }
  const { condition } = does.step
  const flawed: string[] = []
  let skippedItems = 0
  let shown: ReturnType<typeof toolCall> | undefined
  for (const [index, item] of items.entries()) {
    const problems: string[] = []
    const inner = new Dry(iterationData(data, does.itemVar, item, index), problems)
    if (condition !== undefined && inner.condition(condition) === 'false') {
      skippedItems += 1
      continue
    }
    const call = toolCall(does.step.does, inner, schemaOf)
    shown ??= call
    const [problem] = problems
    if (problem !== undefined) flawed.push(`item ${index}: ${problem}`)
  }
  for (const problem of flawed.slice(0, MAX_FLAWED)) dry.says(problem)
  const more = flawed.length - MAX_FLAWED
  if (more > 0) dry.says(`and of ${more} more of the ${items.length} items`)
  return {
    ...(shown ?? toolCall(does.step.does, dry, schemaOf)),
    collection: items.length,
    ...(condition === undefined ? {} : { skippedItems }),
  }
}

/** Of so many items the problems are told; the others are counted. */
const MAX_FLAWED = 3

/**
 * Makes texts of the templates that cannot be rendered yet, so that no schema makes anything else of them. Without a schema a
 * value keeps its own type, which is the one that the tool is likely to ask for.
 */
function keepUnknown(
  planned: ToolAction['arguments'],
  dry: Dry,
  asValues: boolean,
): ToolAction['arguments'] {
  const visit = (value: PlannedValue): PlannedValue => {
    switch (value.kind) {
      case 'literal':
        return value
      case 'template':
        return keepOne(value)
      case 'list':
        return { ...value, items: value.items.map(visit) }
      case 'map':
        return visitMap(value)
    }
  }
  const keepOne = (value: Extract<PlannedValue, { kind: 'template' }>): PlannedValue => {
    if (!dry.knows(value.template)) return { kind: 'literal', value: value.template.source }
    const own = asValues ? dry.typed(value.template) : undefined
    return own === undefined ? value : { kind: 'literal', value: own }
  }
  const visitMap = (map: ToolAction['arguments']): ToolAction['arguments'] => ({
    kind: 'map',
    entries: new Map(Array.from(map.entries, ([key, value]) => [key, visit(value)])),
  })
  return visitMap(planned)
}

/** Renders what can be rendered from the data at hand. */
class Dry implements Expand {
  readonly #data: JsonObject
  readonly #problems: string[]

  constructor(data: JsonObject, problems: string[]) {
    this.#data = data
    this.#problems = problems
  }

  says(problem: string): void {
    this.#problems.push(problem)
  }

  knows(template: Template): boolean {
    return referencesOf(template).every(({ path }) => {
      const [root] = path
      return root !== undefined && this.#data[root] !== undefined
    })
  }

  text(template: Template): string {
    return renderTemplate(template, this.#data)
  }

  value(template: Template): Json | undefined {
    if (!isSingleExpression(template)) return undefined
    return evaluateExpression(template, this.#data) as Json | undefined
  }

  /** A value that is more than text; undefined: it is text, or whoever renders it says what is wrong. */
  typed(template: Template): Json | undefined {
    try {
      const value = this.value(template)
      return typeof value === 'string' ? undefined : value
    } catch {
      return undefined
    }
  }

  failed(path: string, { source }: Template, error: unknown): string {
    this.#problems.push(`${path}: ${source}: ${messageOf(error)}`)
    return source
  }

  /** What the template of this field writes, if that is known; else the template. */
  show(field: string, template: Template): string {
    if (!this.knows(template)) return template.source
    try {
      return this.text(template)
    } catch (error) {
      return this.failed(field, template, error)
    }
  }

  /** `true`, `false`, or the template where its data are not known or it gives neither. */
  condition(template: Template): string {
    if (!this.knows(template)) return template.source
    const check = checkCondition(template, this.#data)
    if (!('error' in check)) return String(check.runs)
    this.#problems.push(`${template.source}: ${check.error}`)
    return template.source
  }

  /** Undefined: what is in it is not known, or the loop would fail. */
  items(loop: ForEachAction): readonly Json[] | undefined {
    if (!this.knows(loop.collection)) return undefined
    const read = readCollection(loop, this.#data)
    if ('items' in read) return read.items
    this.#problems.push(`${loop.collection.source}: ${read.error}`)
    return undefined
  }
}

/** A plan of a dry run as lines for a terminal. */
export function renderDryRun(steps: readonly DryStep[]): string[] {
  return steps.flatMap((step, index) => {
    const after = step.after.length === 0 ? '' : `  (after ${step.after.join(', ')})`
    const lines = [`${index + 1}. ${step.id}: ${deedOf(step)}${after}`]
    const isSkipped = step.condition === 'false'
    if (step.condition !== undefined && !isSkipped) lines.push(`   if ${step.condition}`)
    for (const [name, value] of Object.entries(
      isSkipped || hasNoCalls(step) ? {} : (step.arguments ?? {}),
    )) {
      lines.push(`   ${name}: ${written(value)}`)
    }
    for (const problem of step.problems) lines.push(`   ! ${problem}`)
    return lines
  })
}

/** No item is left to show arguments of. */
function hasNoCalls({ collection, skippedItems = 0 }: DryStep): boolean {
  return typeof collection === 'number' && collection === skippedItems
}

function deedOf(step: DryStep): string {
  const { kind, tool, message, collection, condition } = step
  if (condition === 'false') {
    return `skipped, its condition is false: ${kind === 'elicitation' ? 'asks nothing' : `${tool ?? ''} is not called`}`
  }
  if (kind === 'elicitation') return `asks “${message ?? ''}”`
  if (kind === 'tool') return `calls ${tool ?? ''}`
  if (typeof collection !== 'number') return `calls ${tool ?? ''} for the items of ${collection}`
  const calls = collection - (step.skippedItems ?? 0)
  const skipped =
    step.skippedItems === undefined ? '' : ` (its condition skips ${step.skippedItems})`
  return `calls ${tool ?? ''} for ${collection} items${skipped}${calls > 0 ? ', the first with' : ''}`
}

function written(value: Json | undefined): string {
  if (typeof value === 'string') return value.includes('{{') ? value : JSON.stringify(value)
  return isJsonObject(value) || Array.isArray(value) ? JSON.stringify(value) : String(value)
}
