import { isRawNumber } from './parse-json.ts'

/**
 * How many lists and maps may lie inside of each other, on the wire and in every JSON text. Nobody nests deeper in earnest, and
 * the recursion of who reads it, ours or a peer's, may not survive it.
 */
export const MAX_JSON_DEPTH = 512

/** Whether more than so many lists and maps lie inside of each other. Never looks deeper than that. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null || isRawNumber(value)) return false
  if (levels <= 0) return true
  for (const child of Array.isArray(value) ? value : Object.values(value)) {
    if (isDeeperThan(child, levels - 1)) return true
  }
  return false
}
