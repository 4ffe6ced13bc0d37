import { closest } from '../base/edit-distance.ts'
import { isJsonObject, type Json, type JsonObject } from '../base/json.ts'
import type { Finding } from '../schema/finding.ts'
import type { Reference } from '../template/references.ts'
import { hintForStep } from './check-steps.ts'
import type { LooseStep } from './loose-steps.ts'
import { offsetIn, type ParsedPlace } from './parse-places.ts'
import { isMap, type LooseMap } from './template-places.ts'

const STEP_FIELDS = ['output', 'content', 'status', 'error']
const WORKFLOW_FIELDS = ['id', 'duration_ms', 'step_count', 'status', 'start_time']
const OUTPUTS: Partial<Record<LooseStep['kind'], readonly string[]>> = {
  forEach: ['iterations', 'count', 'completed', 'failed'],
  elicitation: ['action', 'content', 'skipped'],
}

/** Checks that what templates read is there: steps, parameters, the item of a loop. */
export function checkReferences(
  tool: LooseMap,
  steps: readonly LooseStep[],
  places: readonly ParsedPlace[],
): Finding[] {
  const facts = { steps, parameters: tool['parameters'] }
  return places.flatMap((place) => {
    const findings = new Map<string, Finding>()
    for (const reference of place.references) {
      const found = checkReference(reference, place, facts)
      if (found === undefined || findings.has(found.reason)) continue
      const offset = offsetIn(place, reference)
      findings.set(found.reason, { path: place.path, offset, ...found })
    }
    return [...findings.values()]
  })
}

type Found = Pick<Finding, 'reason' | 'hint' | 'severity'> | undefined

interface Facts {
  readonly steps: readonly LooseStep[]
  readonly parameters: unknown
}

function checkReference({ path }: Reference, place: ParsedPlace, facts: Facts): Found {
  const [root, ...rest] = path
  switch (root) {
    case undefined:
      return undefined
    case 'steps':
      return checkStepReference(rest, facts.steps)
    case 'params':
      return checkParameter(rest, facts.parameters)
    case 'forEach':
      return checkLoopReference(rest, place.itemVar)
    case 'workflow':
      return unknownField('.workflow', rest[0], WORKFLOW_FIELDS)
    case 'vars':
      return rest[0] === undefined
        ? undefined
        : { reason: `.vars.${rest[0]} is read, but .vars is always empty`, severity: 'warning' }
    default:
      return unknownRoot(root)
  }
}

const ROOTS = ['params', 'steps', 'forEach', 'workflow', 'vars']

function unknownRoot(root: string): Found {
  const meant = closest(root, ROOTS)
  const roots = ROOTS.map((each) => `.${each}`).join(', ')
  return {
    reason: `.${root} is nothing a template can read`,
    hint: meant === undefined ? `there are ${roots}` : `did you mean ".${meant}"?`,
  }
}

function checkStepReference(
  [id, field, key]: readonly string[],
  steps: readonly LooseStep[],
): Found {
  if (id === undefined) return undefined
  const step = steps.find((each) => each.id === id)
  if (step === undefined) return unknownStep(id, steps)
  const unknown = unknownField(`.steps.${id}`, field, STEP_FIELDS)
  const outputs = OUTPUTS[step.kind]
  if (unknown !== undefined || field !== 'output' || outputs === undefined) return unknown
  const { defaultResults: given, step: inner } = step.value
  return unknownField(`.steps.${id}.output`, key, [
    ...outputs,
    // Only iterations with a condition can be skipped.
    ...(isMap(inner) && inner['condition'] !== undefined ? ['skipped'] : []),
    ...(isMap(given) ? Object.keys(given) : []),
  ])
}

function unknownStep(id: string, steps: readonly LooseStep[]): Found {
  const loop = steps.find(({ value }) => isMap(value['step']) && value['step']['id'] === id)
  const reason = `there is no step "${id}"`
  if (loop !== undefined) {
    const where = `.steps.${loop.id}.output.iterations`
    return { reason, hint: `it is inside of the loop "${loop.id}": its results are in ${where}` }
  }
  const known = steps.map((each) => each.id)
  return { reason, ...hintForStep(id, known) }
}

function unknownField(above: string, field: string | undefined, known: readonly string[]): Found {
  if (field === undefined || known.includes(field)) return undefined
  const meant = closest(field, known)
  return {
    reason: `${above}.${field} is never there`,
    hint: meant === undefined ? `there are ${known.join(', ')}` : `did you mean "${meant}"?`,
    severity: 'warning',
  }
}

function checkLoopReference([name]: readonly string[], itemVar: string | undefined): Found {
  if (itemVar === undefined) {
    return { reason: '.forEach is only there in the inner step of a loop' }
  }
  if (name === undefined || name === itemVar || name === 'index') return undefined
  return {
    reason: `.forEach.${name} is not there in this loop`,
    hint: `there are .forEach.${itemVar} and .forEach.index`,
  }
}

function checkParameter([name, ...rest]: readonly string[], parameters: unknown): Found {
  if (name === undefined) return undefined
  const reason = `.params.${name} is read, but is no parameter`
  if (!isMap(parameters)) return { reason, hint: 'declare it in parameters', severity: 'warning' }
  const schema = parameters as JsonObject
  if (isOpen(schema)) return undefined
  const known = isJsonObject(schema['properties']) ? schema['properties'] : {}
  if (Object.hasOwn(known, name)) return checkNested(`.params.${name}`, rest, known[name])
  const meant = closest(name, Object.keys(known))
  const hint = meant === undefined ? 'declare it in parameters' : `did you mean "${meant}"?`
  return { reason, hint, severity: 'warning' }
}

/** Below the top, only where the schema says that there is nothing else. */
function checkNested(
  above: string,
  [name, ...rest]: readonly string[],
  schema: Json | undefined,
): Found {
  if (name === undefined || !isJsonObject(schema)) return undefined
  const { properties, additionalProperties } = schema
  if (!isJsonObject(properties)) return undefined
  if (Object.hasOwn(properties, name)) {
    return checkNested(`${above}.${name}`, rest, properties[name])
  }
  return additionalProperties === false
    ? unknownField(above, name, Object.keys(properties))
    : undefined
}

/** Schemas that say, or may say elsewhere, that there are other arguments. */
function isOpen(schema: JsonObject): boolean {
  const { additionalProperties } = schema
  if (additionalProperties === true || isJsonObject(additionalProperties)) return true
  return ['$ref', 'allOf', 'anyOf', 'oneOf', 'patternProperties', 'if'].some((key) => key in schema)
}
