import type { Json } from '../base/json.ts'
import { parseJson } from '../base/parse-json.ts'
import type { SchemaType } from './schema-types.ts'

/**
 * Reads text as a value of a type, as Go's strconv does: `+7` is an integer and `7.0` is none, `T` and `1` are true. What JSON
 * cannot hold (NaN, infinity) stays text; integers may have more than 64 bits, as those of callers may: in a file it takes
 * quotes to write one. Undefined when the text is no such value.
 */
export function parseScalar(
  text: string,
  type: SchemaType,
): Exclude<Json, string | null> | undefined {
  if (type === 'integer') return parseInteger(text)
  if (type === 'number') return parseNumber(text)
  if (type !== 'boolean') return undefined
  if (TRUE.has(text)) return true
  return FALSE.has(text) ? false : undefined
}

const TRUE: ReadonlySet<string> = new Set(['1', 't', 'T', 'TRUE', 'true', 'True'])
const FALSE: ReadonlySet<string> = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False'])

function parseInteger(text: string): Exclude<Json, string | null> | undefined {
  if (!/^[+-]?\d{1,64}$/.test(text)) return undefined
  return toJson(String(BigInt(text.replace(/^\+/, ''))))
}

function parseNumber(text: string): Exclude<Json, string | null> | undefined {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return undefined
  const value = Number(text)
  if (!Number.isFinite(value)) return undefined
  const json = /^[+-]?\d+$/.test(text) ? parseInteger(text) : undefined
  return json ?? value
}

/** A number JavaScript cannot hold exactly is kept as it is written. */
function toJson(text: string): Exclude<Json, string | null> {
  return parseJson(text) as Exclude<Json, string | null>
}
