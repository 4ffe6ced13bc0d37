import type { Finding } from '../schema/finding.ts'
import { depthOf } from './json-schema.ts'
import type { LooseStep } from './loose-steps.ts'
import { isMap, listOf, type LooseMap, type TemplatePlace } from './template-places.ts'

const MAX_RETRIES = 10
const MAX_DEPTH = 100

/** Checks values that would never do what they are there for: conditions, collections and retries without effect. */
export function checkValues(
  { name, parameters }: LooseMap,
  steps: readonly LooseStep[],
  places: readonly TemplatePlace[],
): Finding[] {
  return [
    ...checkName(name),
    ...checkDefaults(parameters, ['parameters'], 0),
    ...places.flatMap(checkCondition),
    ...steps.filter(({ kind }) => kind === 'forEach').flatMap(checkLoop),
    ...steps.flatMap(({ value, index }) => [
      ...checkStep(value, ['steps', index]),
      ...(isMap(value['step']) ? checkStep(value['step'], ['steps', index, 'step']) : []),
    ]),
  ]
}

/** There, every name is taken; what clients refuse they may refuse. */
function checkName(name: unknown): Finding[] {
  if (typeof name !== 'string' || name === '' || TOOL_NAME.test(name)) return []
  const reason = 'is not what clients take as the name of a tool: some will refuse it'
  const hint = 'use 1 to 128 of A-Z a-z 0-9 _ - .'
  return [{ path: ['name'], reason, hint, severity: 'warning' }]
}

/** 2025-11-25, "Tool Names". */
const TOOL_NAME = /^[A-Za-z0-9_.-]{1,128}$/

function checkStep(step: LooseMap, path: PropertyKey[]): Finding[] {
  return [
    ...checkRetries(step, path),
    ...checkDepth(step['arguments'], [...path, 'arguments']),
    ...checkNumbers(step['arguments'], [...path, 'arguments'], 0),
  ]
}

/** The defaults of a schema; quoted ones become numbers where the schema asks for those. */
function checkDefaults(schema: unknown, path: PropertyKey[], depth: number): Finding[] {
  if (!isMap(schema) || depth > MAX_DEPTH) return []
  return Object.entries(schema).flatMap(([key, child]) =>
    key === 'default'
      ? checkNumbers(child, [...path, key], depth + 1)
      : checkDefaults(child, [...path, key], depth + 1),
  )
}

/** Deeper templates would not be looked for. */
function checkDepth(args: unknown, path: PropertyKey[]): Finding[] {
  const depth = depthOf(args)
  if (depth <= MAX_DEPTH) return []
  return [{ path, reason: `are nested ${depth} levels deep; the limit is ${MAX_DEPTH}` }]
}

/** Reading the file has already made another number of these. */
function checkNumbers(value: unknown, path: PropertyKey[], depth: number): Finding[] {
  if (depth > MAX_DEPTH) return []
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    const reason = 'has more digits than a number in a file can keep'
    return [{ path, reason, hint: 'put it in quotes', severity: 'warning' }]
  }
  const entries = Array.isArray(value)
    ? [...value.entries()]
    : isMap(value)
      ? Object.entries(value)
      : []
  return entries.flatMap(([key, child]: [PropertyKey, unknown]) =>
    checkNumbers(child, [...path, key], depth + 1),
  )
}

function checkCondition({ role, source, path }: TemplatePlace): Finding[] {
  const isConstant = !source.includes('{{') && source !== ''
  if (role !== 'condition' || !isConstant || CONSTANTS.has(source)) return []
  const reason = `gives neither true nor false, but always ${JSON.stringify(source)}`
  return [{ path, reason, hint: 'put the expression in {{ }}', severity: 'warning' }]
}

const CONSTANTS: ReadonlySet<string> = new Set(['true', 'True', 'TRUE', 'false', 'False', 'FALSE'])

function checkLoop({ value, index }: LooseStep): Finding[] {
  const path = ['steps', index]
  const { onError, step } = value
  const findings = checkConstantCollection(value, path)
  if (isMap(onError) && onError['action'] === 'retry') {
    findings.push({
      path: [...path, 'onError', 'action'],
      reason: 'is as good as abort: a loop is not tried again as a whole',
      hint: 'put the retry into its inner step',
      severity: 'warning',
    })
  }
  if (isMap(step) && listOf(step['dependsOn']).length > 0) {
    findings.push({
      path: [...path, 'step', 'dependsOn'],
      reason: 'has no effect in a loop',
      hint: 'put it into the loop itself',
      severity: 'warning',
    })
  }
  return findings
}

function checkConstantCollection(value: LooseMap, path: PropertyKey[]): Finding[] {
  const { collection } = value
  if (typeof collection !== 'string' || collection === '') return []
  if (collection.includes('{{') || /^\s*\$?\./.test(collection)) return []
  const list = parsedList(collection)
  const at = { path: [...path, 'collection'] }
  if (list === undefined) {
    const hint = 'write for example "{{.steps.list.output.items}}"'
    return [{ ...at, reason: 'is neither a template nor a JSON array', hint }]
  }
  const most = Number(value['maxIterations'] || 100)
  return list.length > most
    ? [{ ...at, reason: `has ${list.length} items; maxIterations is ${most}` }]
    : []
}

function parsedList(text: string): unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

function checkRetries(step: LooseMap, path: PropertyKey[]): Finding[] {
  const { onError } = step
  if (!isMap(onError) || onError['action'] !== 'retry') return []
  const count = onError['retryCount']
  if (typeof count !== 'number' || count <= MAX_RETRIES) return []
  const reason = `is ${count}, but never more than ${MAX_RETRIES} further tries are made`
  return [{ path: [...path, 'onError', 'retryCount'], reason, severity: 'note' }]
}
