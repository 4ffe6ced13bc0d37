import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts'
import { isRawNumber } from '../../base/parse-json.ts'

/** What does not fit, and where: `annotations.priority` "must be a number from 0 to 1". */
export interface Fault {
  path: string
  readonly want: string
}

/**
 * Makes a value fit: the same value if it does, else the nearest that does, undefined if there is none. Unknown members of
 * objects stay. A value that fits costs no allocation: lists are long and nearly always right.
 */
export type Shape = (value: Json, faults: Fault[]) => Json | undefined

/** What takes the place of a required member that is not there or cannot be mended; undefined: the object cannot be kept. */
type Instead = (object: JsonObject, given: Json | undefined) => Json | undefined

export const text: Shape = (value, faults) =>
  typeof value === 'string' ? value : fault(faults, 'must be a string')

export const flag: Shape = (value, faults) =>
  typeof value === 'boolean' ? value : fault(faults, 'must be true or false')

export function numberWithin(min: number, max: number, want: string): Shape {
  return (value, faults) => {
    const number = numberOf(value)
    return number >= min && number <= max ? value : fault(faults, want)
  }
}

/** NaN for what is none. One that JavaScript cannot hold exactly is written as it came, and read as any other. */
function numberOf(value: Json): number {
  if (typeof value === 'number') return value
  return isRawNumber(value) ? Number(JSON.stringify(value)) : Number.NaN
}

export const anyNumber = numberWithin(-Number.MAX_VALUE, Number.MAX_VALUE, 'must be a number')

export function oneOf(...words: readonly string[]): Shape {
  const want = `must be ${words.map((word) => JSON.stringify(word)).join(' or ')}`
  return (value, faults) =>
    typeof value === 'string' && words.includes(value) ? value : fault(faults, want)
}

/** Elements that cannot be kept are left out. */
export function listOf(shape: Shape): Shape {
  return (value, faults) => {
    if (!Array.isArray(value)) return fault(faults, 'must be an array')
    let kept: Json[] | undefined
    for (const [index, element] of value.entries()) {
      const fitting = within(String(index), shape, element, faults)
      if (fitting !== element) kept ??= value.slice(0, index)
      if (fitting !== undefined) kept?.push(fitting)
    }
    return kept ?? value
  }
}

/** Members that cannot be kept are left out, those in `required` excepted. */
export function objectOf(
  members: Readonly<Record<string, Shape>>,
  required: Readonly<Record<string, Instead>> = {},
): Shape {
  const entries = Object.entries(members).map(
    ([key, shape]) => [key, shape, required[key]] as const,
  )
  return (value, faults) => {
    if (!isJsonObject(value)) return fault(faults, 'must be an object')
    let out = value
    for (const [key, shape, instead] of entries) {
      const member = value[key]
      if (member === undefined && instead === undefined) continue
      let kept = member === undefined ? undefined : within(key, shape, member, faults)
      if (kept === undefined && instead !== undefined) {
        if (member === undefined) faults.push({ path: key, want: 'is missing' })
        kept = instead(value, member)
        if (kept === undefined) return undefined
      }
      if (kept === member) continue
      if (out === value) out = { ...value }
      if (kept === undefined) delete out[key]
      else out[key] = kept
    }
    return out
  }
}

export function fault(faults: Fault[], want: string): undefined {
  faults.push({ path: '', want })
  return undefined
}

/** Faults tell where they are as seen from the item: each level adds its part. */
export function within(key: string, shape: Shape, value: Json, faults: Fault[]): Json | undefined {
  const before = faults.length
  const fitting = shape(value, faults)
  for (let i = before; i < faults.length; i++) {
    const found = faults[i]
    if (found !== undefined) found.path = found.path === '' ? key : `${key}.${found.path}`
  }
  return fitting
}
