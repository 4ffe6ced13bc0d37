import { isJsonObject, type Json, type JsonObject } from '../base/json.ts'
import { parseJsonText } from '../base/parse-json-text.ts'
import { referencesOf } from '../template/references.ts'
import { evaluateExpression, isSingleExpression, renderTemplate } from '../template/render.ts'
import type { Template } from '../template/template.ts'
import { messageOf } from './engine/message-of.ts'
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
  /** What cannot be rendered, and why. */
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
  const common = {
    id,
    kind: does.kind,
    after,
    ...(condition === undefined ? {} : { condition: dry.show('condition', condition) }),
    problems,
  }
  switch (does.kind) {
    case 'tool':
      return { ...common, ...toolCall(does, dry, schemaOf) }
    case 'elicitation':
      return { ...common, message: dry.show('message', does.message) }
    case 'forEach':
      return { ...common, ...loop(does, data, dry, schemaOf) }
  }
}

function toolCall({ tool, arguments: planned }: ToolAction, dry: Dry, schemaOf: SchemaOf) {
  const schema = schemaOf(tool)
  const known = keepUnknown(planned, dry, schema === undefined)
  return { tool, arguments: expandArguments(known, schema, dry) }
}

/** With its items known, a loop shows what it does for the first one. */
function loop(does: ForEachAction, data: JsonObject, dry: Dry, schemaOf: SchemaOf) {
  const items = dry.list('collection', does.collection)
  const [first] = items ?? []
  const forEach = first === undefined ? undefined : { index: 0, [does.itemVar]: first }
  const inner = forEach === undefined ? dry : dry.with({ ...data, forEach })
  return {
    ...toolCall(does.step.does, inner, schemaOf),
    collection: items === undefined ? does.collection.source : items.length,
  }
}

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

  with(data: JsonObject): Dry {
    return new Dry(data, this.#problems)
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

  /** Undefined: what is in it is not known. */
  list(field: string, template: Template): Json[] | undefined {
    if (!this.knows(template)) return undefined
    try {
      const value = this.value(template) ?? this.text(template)
      const read = typeof value === 'string' ? parseList(value) : value
      if (Array.isArray(read)) return read
      this.#problems.push(`${field}: ${template.source} gives no JSON array`)
    } catch (error) {
      this.failed(field, template, error)
    }
    return undefined
  }
}

function parseList(text: string): unknown {
  try {
    return parseJsonText(text)
  } catch {
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
    for (const [name, value] of Object.entries(isSkipped ? {} : (step.arguments ?? {}))) {
      lines.push(`   ${name}: ${written(value)}`)
    }
    for (const problem of step.problems) lines.push(`   ! ${problem}`)
    return lines
  })
}

function deedOf(step: DryStep): string {
  const { kind, tool, message, collection, condition } = step
  if (condition === 'false') {
    return `skipped, its condition is false: ${kind === 'elicitation' ? 'asks nothing' : `${tool ?? ''} is not called`}`
  }
  if (kind === 'elicitation') return `asks “${message ?? ''}”`
  if (kind === 'tool') return `calls ${tool ?? ''}`
  const items =
    typeof collection === 'number' ? `${collection} items` : `the items of ${collection}`
  return `calls ${tool ?? ''} for ${items}${typeof collection === 'number' && collection > 0 ? ', the first with' : ''}`
}

function written(value: Json | undefined): string {
  if (typeof value === 'string') return value.includes('{{') ? value : JSON.stringify(value)
  return isJsonObject(value) || Array.isArray(value) ? JSON.stringify(value) : String(value)
}
