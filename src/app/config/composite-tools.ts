import type { JsonObject } from '../../base/json.ts'
import { locate, type Finding } from '../../schema/finding.ts'
import type { Problem } from '../../schema/problem.ts'
import type { SourceDocument } from '../../schema/source-document.ts'
import { checkDefinition } from '../../workflow/check-definition.ts'
import { compilePlan } from '../../workflow/compile-plan.ts'
import type { CompositeToolConfig } from '../../workflow/config.ts'
import type { WorkflowPlan } from '../../workflow/plan.ts'
import { budgetWarnings, type CallTimeout } from '../../workflow/time-budget.ts'
import { mapOf } from './map-of.ts'

/** A composite tool of a configuration, from the file itself or from a manifest beside it. */
export interface CompositeTool {
  readonly plan: WorkflowPlan
  /** Says of a mistake, whose path begins at the composite tool, where it stands. */
  readonly locate: (finding: Finding) => Problem
}

/** Where a composite tool is written. */
export interface WrittenTool {
  readonly document: SourceDocument
  /** Its place in the document. */
  readonly path: readonly PropertyKey[]
  /** As written, checked or not. */
  readonly input: unknown
  /** Undefined when its fields are not what they should be. */
  readonly config: CompositeToolConfig | undefined
  /** Where to say that its name is taken. */
  readonly named: { readonly document: SourceDocument; readonly path: readonly PropertyKey[] }
}

/**
 * Checks composite tools whole, and makes the plans of those without errors. Problems are of every severity.
 * @param mayBeOfBackend Whether a tool of a backend may have this name too.
 */
export function compileTools(
  written: readonly WrittenTool[],
  callTimeoutMs: CallTimeout,
  mayBeOfBackend: (tool: string) => boolean,
): { tools: CompositeTool[]; problems: Problem[] } {
  const names = written.map(({ input }) => nameOf(input))
  const others: OtherTools = { names, mayBeOfBackend }
  const results = written.map((tool, index) => compileTool(tool, callTimeoutMs, others, index))
  return {
    tools: results.flatMap(({ tool }) => tool ?? []),
    problems: results.flatMap(({ problems }) => problems),
  }
}

function compileTool(
  written: WrittenTool,
  callTimeoutMs: CallTimeout,
  others: OtherTools,
  index: number,
): { tool?: CompositeTool; problems: Problem[] } {
  const { document, path, input, config, named } = written
  const place = (finding: Finding): Problem =>
    locate({ ...finding, path: [...path, ...finding.path] }, document)
  const { names } = others
  const name = names[index]
  const isTaken = typeof name === 'string' && names.indexOf(name) < index
  const problems = [...checkDefinition(input), ...callsToOthers(input, others)].map(place)
  if (isTaken && named.document !== document) {
    const reason = `there is already a composite tool "${name}"`
    problems.push(locate({ path: named.path, reason }, named.document))
  }
  if (config === undefined || problems.some(({ severity }) => severity === 'error')) {
    return { problems }
  }
  const plan = compilePlan(config, input as JsonObject)
  const warnings = budgetWarnings(plan, callTimeoutMs).map(place)
  return { tool: { plan, locate: place }, problems: [...problems, ...warnings] }
}

interface OtherTools {
  /** Of all composite tools, this one too. */
  readonly names: readonly unknown[]
  readonly mayBeOfBackend: (tool: string) => boolean
}

/** Composite tools cannot call each other. */
function callsToOthers(input: unknown, others: OtherTools): Finding[] {
  return listOf(mapOf(input)['steps']).flatMap((step, index) => {
    const { tool, step: inner } = mapOf(step)
    return [
      ...callToOther(tool, ['steps', index, 'tool'], others),
      ...callToOther(mapOf(inner)['tool'], ['steps', index, 'step', 'tool'], others),
    ]
  })
}

function callToOther(tool: unknown, path: PropertyKey[], others: OtherTools): Finding[] {
  if (typeof tool !== 'string' || !others.names.includes(tool)) return []
  if (others.mayBeOfBackend(tool)) {
    const reason = `"${tool}" is the name of a composite tool, which a step cannot call: a backend has to have a tool of this name`
    const hint = 'give the composite tool another name, or write its steps here'
    return [{ path, reason, hint, severity: 'warning' }]
  }
  const reason = `"${tool}" is a composite tool: a step can only call a tool of a backend`
  return [{ path, reason, hint: 'write its steps here' }]
}

function nameOf(input: unknown): unknown {
  return mapOf(input)['name']
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
