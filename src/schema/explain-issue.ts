import type { z } from 'zod'
import { closest } from '../base/edit-distance.ts'
import type { Finding } from './finding.ts'
import { keyHint } from './key-hints.ts'
import { fieldsAt, placesOf, schemaAt } from './schema-tree.ts'
import { renderPath } from './problem.ts'

/** Says what a zod issue means, in the order: what is wrong, what was meant. One issue can be several findings. */
export function explainIssue(
  issue: z.core.$ZodIssue,
  schema: z.core.$ZodType,
  root: unknown,
): Finding[] {
  const { path } = issue
  const value = valueAt(root, path)
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey([...path, key], schema))
    case 'invalid_type':
      return [
        value === undefined
          ? { path, reason: 'is required', missing: true }
          : {
              path,
              reason: `must be ${kindName(issue.expected)}, not ${describe(value)}`,
              ...typeHint(issue.expected, value),
            },
      ]
    case 'invalid_value':
      return [wrongChoice(path, issue.values, value)]
    case 'too_small':
    case 'too_big':
      return [{ path, reason: sizeReason(issue, value) }]
    case 'invalid_union':
      return [unionFinding(path, issue, value)]
    case 'invalid_key':
      return [{ path, atKey: true, reason: `"${String(path.at(-1))}" is not allowed as a name` }]
    case 'invalid_format':
      return [{ path, reason: formatReason(issue, value) }]
    default:
      return [
        {
          path,
          reason: issue.message,
          missing: value === undefined && path.length > 0,
          ...customHint(issue),
        },
      ]
  }
}

const MANY_CHOICES = 8

function unknownKey(path: PropertyKey[], schema: z.core.$ZodType): Finding {
  const key = String(path.at(-1))
  const fields = fieldsAt(schema, path.slice(0, -1))
  const meant = closest(key, fields)
  const base = { path, atKey: true, reason: 'is not a known key' }
  const known = keyHint(schemaAt(schema, path.slice(0, -1)), key)
  if (known !== undefined) return { ...base, hint: known }
  const places = meant === undefined ? placesOf(schema, key) : []
  // A key like `enabled` stands in many places: none of them is what was meant.
  const [place] = new Set(places.map(parentName)).size === 1 ? places : []
  if (place) return { ...base, hint: `it belongs in ${parentName(place)}` }
  if (meant !== undefined) return { ...base, hint: `did you mean "${meant}"?`, meantKey: meant }
  if (fields.length === 0 || fields.length > 24) return base
  return { ...base, hint: `known keys: ${fields.toSorted().join(', ')}` }
}

function parentName(place: readonly string[]): string {
  return place.length === 1 ? 'the top level' : renderPath(place.slice(0, -1))
}

function wrongChoice(
  path: readonly PropertyKey[],
  choices: readonly unknown[],
  value: unknown,
): Finding {
  if (value === undefined) {
    return { path, reason: `is required: ${list(choices)}`, missing: true }
  }
  const meant =
    typeof value === 'string' ? meantChoice(value, choices.map(String).filter(Boolean)) : undefined
  const many = choices.length > MANY_CHOICES && meant !== undefined
  const known = many ? `one of ${choices.length} known values` : list(choices)
  const reason = `must be ${known}, not ${describe(value)}`
  return meant === undefined ? { path, reason } : { path, reason, hint: `did you mean "${meant}"?` }
}

function meantChoice(value: string, choices: readonly string[]): string | undefined {
  const within = value.length < 3 ? [] : choices.filter((choice) => choice.includes(value))
  return closest(value, choices) ?? (within.length === 1 ? within[0] : undefined)
}

function list(choices: readonly unknown[]): string {
  const names = choices.filter((choice) => choice !== '').map(String)
  if (names.length > 1) return `one of ${names.join(', ')}`
  return names[0] ?? 'empty'
}

function unionFinding(
  path: readonly PropertyKey[],
  issue: z.core.$ZodIssueInvalidUnion,
  value: unknown,
): Finding {
  const kinds = issue.errors.flatMap((branch) =>
    branch.flatMap((inner) =>
      inner.code === 'invalid_type' && inner.path.length === 0 ? [kindName(inner.expected)] : [],
    ),
  )
  if (value === undefined) return { path, reason: 'is required', missing: true }
  return { path, reason: `must be ${[...new Set(kinds)].join(' or ')}, not ${describe(value)}` }
}

function sizeReason(
  issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig,
  value: unknown,
): string {
  const small = issue.code === 'too_small'
  const bound = Number(small ? issue.minimum : issue.maximum)
  if (issue.origin === 'string' && small && bound === 1) return 'must not be empty'
  const limit = `${small ? 'at least' : 'at most'} ${bound}`
  if (issue.origin === 'array' || issue.origin === 'record') {
    return `must have ${limit} ${bound === 1 ? 'item' : 'items'}`
  }
  if (issue.origin === 'string') return `must have ${limit} characters`
  return `must be ${limit}, not ${describe(value)}`
}

function formatReason(issue: z.core.$ZodIssueInvalidStringFormat, value: unknown): string {
  if (!issue.message.startsWith('Invalid')) return issue.message
  return `is not valid: ${describe(value)}`
}

function customHint(issue: z.core.$ZodIssue): { hint?: string } {
  const hint = (issue as { params?: { hint?: unknown } }).params?.hint
  return typeof hint === 'string' ? { hint } : {}
}

function typeHint(expected: string, value: unknown): { hint?: string } {
  if (expected === 'boolean' && typeof value === 'string') {
    if (/^(yes|on|y|true)$/i.test(value)) return { hint: 'write true' }
    if (/^(no|off|n|false)$/i.test(value)) return { hint: 'write false' }
  }
  if (expected === 'array' && typeof value === 'string') return { hint: `write [${value}]` }
  return {}
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
}

function kindName(expected: string): string {
  return KINDS[expected] ?? expected
}

function describe(value: unknown): string {
  if (value === null) return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a map'
  if (typeof value === 'string')
    return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : typeof value
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
    value = (value as Record<PropertyKey, unknown>)[part]
  }
  return value
}
