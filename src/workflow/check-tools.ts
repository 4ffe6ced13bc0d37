import { closest } from '../base/edit-distance.ts'
import { isJsonObject, type Json, type JsonObject } from '../base/json.ts'
import type { Finding } from '../schema/finding.ts'
import type { ToolAnnotations } from '../schema/tool-annotations.ts'
import { coerceArguments, schemaOfChild } from './coerce-arguments.ts'
import { deriveHints } from './derive-hints.ts'
import type { PlannedMap, PlannedStep, PlannedValue, ToolAction, WorkflowPlan } from './plan.ts'
import { isOfType, resolveSchema, typesOf, type SchemaType } from './schema-types.ts'

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
  const given = call.arguments.entries
  const below = [...path, 'arguments']
  const findings = [...given.keys()].flatMap(
    (name) => checkName(name, `"${call.tool}" has no argument`, schema, [...below, name]) ?? [],
  )
  const unknown = new Set(findings.map((finding) => finding.path.at(-1)))
  for (const [name, value] of given) {
    if (unknown.has(name)) continue
    findings.push(
      ...checkValue(value, schemaOfChild(schema, name, schema), schema, [...below, name]),
    )
  }
  for (const name of missingIn(schema, given)) {
    const at = given.size > 0 ? below : [...path, 'tool']
    const reason = `"${call.tool}" requires the argument "${name}"`
    findings.push({ path: at, reason, severity: 'warning' })
  }
  return findings
}

/** Tools pass over a name that they do not know, if they allow it: what was meant by it is lost without a word. */
function checkName(
  name: string,
  hasNo: string,
  schema: JsonObject,
  path: PropertyKey[],
): Finding | undefined {
  const { properties, additionalProperties: others, patternProperties } = schema
  const known = isJsonObject(properties) ? Object.keys(properties) : []
  if (known.includes(name) || patternProperties !== undefined) return undefined
  const meant = closest(name, known)
  const hint =
    meant === undefined ? `it has ${known.join(', ') || 'none'}` : `did you mean "${meant}"?`
  const finding: Finding = { path, atKey: true, reason: `${hasNo} "${name}"`, hint }
  if (others === false) return finding
  // Names may be declared elsewhere, or be free on purpose.
  if (!isJsonObject(properties) || ELSEWHERE.some((key) => key in schema)) return undefined
  if (others !== undefined && meant === undefined) return undefined
  return { ...finding, severity: 'warning' }
}

const ELSEWHERE = ['allOf', 'anyOf', 'oneOf', 'if', '$ref', 'dependentSchemas'] as const

function missingIn({ required }: JsonObject, given: ReadonlyMap<string, unknown>): string[] {
  const names = Array.isArray(required) ? required.map(String) : []
  return names.filter((name) => !given.has(name))
}

/** What no template makes is known before any run, at any depth. */
function checkValue(
  value: PlannedValue,
  schema: Json | undefined,
  root: JsonObject,
  path: PropertyKey[],
): Finding[] {
  if (value.kind === 'template') return []
  const types = [...typesOf(schema, root)]
  const takes = (what: string): Finding => {
    const reason = `is ${what}, but the tool takes ${types.join(' or ')}`
    return { path, reason, severity: 'warning' }
  }
  const isOneOf = (type: SchemaType): boolean => types.length === 0 || types.includes(type)
  switch (value.kind) {
    case 'literal': {
      const sent = coerceArguments(value.value, schema, root)
      const fits = types.length === 0 || types.some((type) => isOfType(sent, type))
      return fits ? [] : [takes(JSON.stringify(sent))]
    }
    case 'list':
      if (!isOneOf('array')) return [takes('a list')]
      return value.items.flatMap((item, index) =>
        checkValue(item, schemaOfChild(schema, index, root), root, [...path, index]),
      )
    case 'map':
      return isOneOf('object') ? checkMap(value, schema, root, path) : [takes('a map')]
  }
}

function checkMap(
  { entries }: PlannedMap,
  schema: Json | undefined,
  root: JsonObject,
  path: PropertyKey[],
): Finding[] {
  const own = resolveSchema(schema, root) ?? {}
  const findings: Finding[] = []
  for (const [name, value] of entries) {
    const below = [...path, name]
    const unknown = checkName(name, 'the tool has here no', own, below)
    if (unknown === undefined) {
      findings.push(...checkValue(value, schemaOfChild(own, name, root), root, below))
    } else findings.push({ ...unknown, severity: 'warning' })
  }
  for (const name of missingIn(own, entries)) {
    findings.push({ path, reason: `the tool requires "${name}" here`, severity: 'warning' })
  }
  return findings
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
