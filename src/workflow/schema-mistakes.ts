import type { ErrorObject } from 'ajv/dist/2020.js'
import { closest } from '../base/edit-distance.ts'
import { isJsonObject, type Json } from '../base/json.ts'
import { renderPath } from '../schema/problem.ts'

/** What a value has that its schema does not allow. */
export interface SchemaMistake {
  /** `filter.limit`; empty for the value as a whole. */
  readonly path: string
  /** `must be a whole number, not "x"`. */
  readonly reason: string
}

const MAX_MISTAKES = 10

/** Says in the words of the house what a validator found in `root`; each mistake once, and ten at most. */
export function toMistakes(errors: ErrorObject[] | null | undefined, root: Json): SchemaMistake[] {
  const mistakes = (errors ?? []).map((error) => toMistake(error, root))
  const unique = new Map(mistakes.map((mistake) => [`${mistake.path} ${mistake.reason}`, mistake]))
  return [...unique.values()].slice(0, MAX_MISTAKES)
}

function toMistake(error: ErrorObject, root: Json): SchemaMistake {
  const { value, rendered } = follow(root, error.instancePath)
  const at = (...more: string[]): string => renderPath([...rendered, ...more])
  const params = error.params as Readonly<Record<string, unknown>>
  switch (error.keyword) {
    case 'required':
      return { path: at(String(params['missingProperty'])), reason: 'is required' }
    case 'additionalProperties':
    case 'unevaluatedProperties': {
      const name = String(params['additionalProperty'] ?? params['unevaluatedProperty'])
      const { properties } = (error.parentSchema ?? {}) as { properties?: object }
      const meant = closest(name, Object.keys(properties ?? {}))
      const hint = meant === undefined ? '' : `; did you mean "${meant}"?`
      return { path: at(name), reason: `is not known${hint}` }
    }
    case 'type': {
      const types = [params['type']].flat().map((type) => KINDS[String(type)] ?? String(type))
      return { path: at(), reason: `must be ${types.join(' or ')}, not ${describeJson(value)}` }
    }
    case 'enum':
    case 'const': {
      const allowed = [params['allowedValues'] ?? params['allowedValue']].flat()
      const list = allowed.slice(0, 20).map((each) => JSON.stringify(each))
      return { path: at(), reason: `must be ${list.join(' or ')}, not ${describeJson(value)}` }
    }
    default:
      return { path: at(), reason: error.message ?? `breaks "${error.keyword}"` }
  }
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
}

/** A value as messages show it. */
export function describeJson(value: Json | undefined): string {
  if (Array.isArray(value)) return 'a list'
  if (isJsonObject(value)) return 'a map'
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

/** A JSON pointer taken apart. */
function partsOf(pointer: string): string[] {
  const parts = pointer.split('/').slice(1)
  return parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** The value a JSON pointer leads to, and the way there with positions as numbers. */
export function follow(
  root: Json,
  pointer: string,
): { value: Json | undefined; rendered: PropertyKey[] } {
  let value: Json | undefined = root
  const rendered: PropertyKey[] = []
  for (const part of partsOf(pointer)) {
    if (Array.isArray(value)) {
      rendered.push(Number(part))
      value = value[Number(part)]
    } else {
      rendered.push(part)
      value = isJsonObject(value) && Object.hasOwn(value, part) ? value[part] : undefined
    }
  }
  return { value, rendered }
}
