import { closest } from '../base/edit-distance.ts'
import { isJsonObject, type Json, type JsonObject } from '../base/json.ts'
import type { Finding } from '../schema/finding.ts'
import type { ToolAnnotations } from '../schema/tool-annotations.ts'
import { coerceArguments, schemaOfChild } from './coerce-arguments.ts'
import { deriveHints } from './derive-hints.ts'
import type { PlannedStep, PlannedValue, ToolAction, WorkflowPlan } from './plan.ts'
import { isOfType, typesOf } from './schema-types.ts'

/** The tools that steps may call, as they are now. */
export interface ToolFacts {
  /** A tool by the name a step gives it. */
  find(
    name: string,
  ):
    | { readonly inputSchema: JsonObject | undefined; readonly annotations: ToolAnnotations }
    | undefined
  /** The names there are, for suggestions. */
  readonly names: readonly string[]
  /** Whether clients see a tool of a backend under this name. */
  isTaken(name: string): boolean
}

/**
 * Checks a composite tool against the tools there are: whether it can be offered, and whether what its steps send fits. Only
 * the composite tool that has an error is not offered. Paths begin at the composite tool.
 */
export function checkTools(plan: WorkflowPlan, tools: ToolFacts): Finding[] {
  return [
    ...nameClash(plan, tools),
    ...plan.steps.flatMap((step, index) => checkStep(step, ['steps', index], tools)),
    ...hintConflicts(plan, tools),
  ]
}

function nameClash({ name }: WorkflowPlan, tools: ToolFacts): Finding[] {
  if (!tools.isTaken(name)) return []
  const reason = `a backend has a tool "${name}": this composite tool is not offered`
  return [{ path: ['name'], reason, hint: 'give one of the two another name' }]
}

function checkStep({ does }: PlannedStep, path: PropertyKey[], tools: ToolFacts): Finding[] {
  if (does.kind === 'elicitation') return []
  if (does.kind === 'forEach') return checkCall(does.step.does, [...path, 'step'], tools)
  return checkCall(does, path, tools)
}

function checkCall(call: ToolAction, path: PropertyKey[], tools: ToolFacts): Finding[] {
  const found = tools.find(call.tool)
  if (found !== undefined) {
    return found.inputSchema === undefined ? [] : checkArguments(call, path, found.inputSchema)
  }
  const meant = closest(call.tool, tools.names)
  const reason = `no backend has a tool "${call.tool}": this composite tool is not offered`
  const hint = meant === undefined ? {} : { hint: `did you mean "${meant}"?` }
  return [{ path: [...path, 'tool'], reason, ...hint }]
}

function checkArguments(call: ToolAction, path: PropertyKey[], schema: JsonObject): Finding[] {
  const { properties, required, additionalProperties } = schema
  const known = isJsonObject(properties) ? Object.keys(properties) : []
  const given = [...call.arguments.entries.keys()]
  const findings: Finding[] = []
  for (const [name, value] of call.arguments.entries) {
    const below = [...path, 'arguments', name]
    if (additionalProperties === false && !known.includes(name)) {
      const meant = closest(name, known)
      const hint =
        meant === undefined ? `it has ${known.join(', ') || 'none'}` : `did you mean "${meant}"?`
      const reason = `"${call.tool}" has no argument "${name}"`
      findings.push({ path: below, atKey: true, reason, hint })
    } else {
      findings.push(...checkLiteral(value, schemaOfChild(schema, name, schema), schema, below))
    }
  }
  for (const name of Array.isArray(required) ? required.map(String) : []) {
    if (given.includes(name)) continue
    const at = given.length > 0 ? [...path, 'arguments'] : [...path, 'tool']
    const reason = `"${call.tool}" requires the argument "${name}"`
    findings.push({ path: at, reason, severity: 'warning' })
  }
  return findings
}

/** A value that is no template is known before any run. */
function checkLiteral(
  value: PlannedValue,
  schema: Json | undefined,
  root: JsonObject,
  path: PropertyKey[],
): Finding[] {
  if (value.kind !== 'literal') return []
  const types = [...typesOf(schema, root)]
  const sent = coerceArguments(value.value, schema, root)
  if (types.length === 0 || types.some((type) => isOfType(sent, type))) return []
  const reason = `is ${JSON.stringify(sent)}, but the tool takes ${types.join(' or ')}`
  return [{ path, reason, severity: 'warning' }]
}

function hintConflicts(plan: WorkflowPlan, tools: ToolFacts): Finding[] {
  const derived = deriveHints(plan, (tool) => tools.find(tool)?.annotations)
  if (derived.ok) return []
  return derived.conflicts.map(({ hint, explicit, derived: value, because }) => ({
    path: ['annotations', hint],
    reason: `claims ${explicit}, but its steps make it ${value} (${because.join(', ')}): this composite tool is not offered`,
    hint: `write ${value}, or leave it out`,
  }))
}
