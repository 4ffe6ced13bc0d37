import type { Json, JsonObject } from '../base/json.ts'
import { isJsonObject } from '../base/json.ts'
import { isAppError } from '../base/errors.ts'
import { parseJsonText } from '../base/parse-json-text.ts'
import type { Template } from '../template/template.ts'
import type { Expand as ExpandAll } from './expand-arguments.ts'
import { parseScalar } from './parse-scalar.ts'
import type { PlannedOutput, PlannedProperty } from './plan.ts'
import { isOfType } from './schema-types.ts'

type Expand = Pick<ExpandAll, 'text' | 'value'>

/** The result of a run, or which value of it could not be made, and why. */
export type ConvertedOutput =
  | { readonly ok: true; readonly value: JsonObject }
  | {
      readonly ok: false
      readonly property: string
      readonly reason: string
      /** What was to make it. */
      readonly template?: Template | undefined
    }

/** What Go writes for a value that is not there. */
const NO_VALUE = '<no value>'

/**
 * Makes the result of a run from its `output` block. A value whose template fails, gives nothing or gives what cannot be
 * converted is its `default`; without one the run fails, and so it does when a required value is missing or null.
 */
export function convertOutput(output: PlannedOutput, expand: Expand): ConvertedOutput {
  const made = convertMap(output.properties, expand, '')
  if (!made.ok) return made
  for (const name of output.required) {
    const value = made.value[name]
    if (value !== undefined && value !== null) continue
    const template = output.properties.get(name)?.value
    return { ok: false, property: name, reason: 'is required, but has no value', template }
  }
  return made
}

function convertMap(
  properties: ReadonlyMap<string, PlannedProperty>,
  expand: Expand,
  above: string,
): ConvertedOutput {
  const value: [string, Json][] = []
  for (const [name, property] of properties) {
    const path = `${above}${name}`
    const made = convertProperty(property, expand, path)
    if (!made.ok && property.default === undefined) return made
    value.push([name, made.ok ? made.value : structuredClone(property.default ?? null)])
  }
  return { ok: true, value: Object.fromEntries(value) }
}

type Made = { ok: true; value: Json } | Extract<ConvertedOutput, { ok: false }>

function convertProperty(property: PlannedProperty, expand: Expand, path: string): Made {
  if (property.properties !== undefined) return convertMap(property.properties, expand, `${path}.`)
  const { value: template, type } = property
  if (template === undefined) return { ok: false, property: path, reason: 'has no value' }
  try {
    const read = valueOf(template, type, expand)
    return 'reason' in read
      ? { ok: false, property: path, template, ...read }
      : { ok: true, ...read }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { ok: false, property: path, template, reason }
  }
}

function valueOf(
  template: Template,
  type: PlannedProperty['type'],
  expand: Expand,
): { value: Json } | { reason: string } {
  const typed = type === 'string' ? undefined : expand.value(template)
  if (typed !== undefined && typed !== null && isOfType(typed, type)) return { value: typed }
  const text = expand.text(template)
  if (text === NO_VALUE) return { reason: 'has no value' }
  const value = fromText(text, type)
  return value === undefined
    ? { reason: `cannot be turned into ${NAMES[type]}: ${JSON.stringify(shortened(text))}` }
    : { value }
}

function fromText(text: string, type: PlannedProperty['type']): Json | undefined {
  if (type === 'string') return text
  if (type !== 'object' && type !== 'array') return parseScalar(text, type)
  try {
    const value = parseJsonText(text)
    if (type === 'array') return Array.isArray(value) ? (value as Json[]) : undefined
    return isJsonObject(value) ? value : undefined
  } catch (error) {
    if (isAppError(error)) throw error
    return undefined
  }
}

const NAMES = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  object: 'a map',
  array: 'a list',
} as const

function shortened(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}
