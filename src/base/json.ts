import { isRawNumber } from './parse-json.ts'

/** Any JSON value. A number that JavaScript cannot hold is none of these to any check, and passes through as it came. */
export type Json = null | boolean | number | string | Json[] | JsonObject

/** A JSON object; a key may be present with `undefined`, which JSON leaves out. */
export interface JsonObject {
  [key: string]: Json | undefined
}

/** True for a JSON object: not null, not an array, not a number that `parseJson` kept. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawNumber(value)
}
