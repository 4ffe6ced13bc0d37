import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts'
import type { Fault, Shape } from './shapes.ts'

/** An item of a list that is not as the protocol says. */
export interface MalformedItem {
  /** Its name or uri, or its place in the list. */
  readonly subject: string
  /** False: it could not be mended, and is left out. */
  readonly isKept: boolean
  /** What is wrong with it, as one phrase. */
  readonly faults: string
}

/** Told in one phrase; an item may be wrong in any number of ways. */
const MAX_FAULTS = 5
const MAX_SUBJECT_CHARS = 100

/**
 * An item as clients may get it: strict ones (the official SDKs) refuse a whole list for one bad member of one item. An
 * item that is right is returned as it is. Undefined: it cannot be had.
 */
export function mendListed(
  item: Json,
  as: { readonly shape: Shape; readonly key: string; readonly position: number },
  onMalformed: (item: MalformedItem) => void,
): JsonObject | undefined {
  const faults: Fault[] = []
  const fitting = as.shape(item, faults)
  const kept = isJsonObject(fitting) ? fitting : undefined
  if (faults.length > 0) {
    const name = isJsonObject(item) ? item[as.key] : undefined
    onMalformed({
      subject:
        typeof name === 'string' ? name.slice(0, MAX_SUBJECT_CHARS) : `at place ${as.position + 1}`,
      isKept: kept !== undefined,
      faults: phrase(faults),
    })
  }
  return kept
}

function phrase(faults: readonly Fault[]): string {
  const told = faults
    .slice(0, MAX_FAULTS)
    .map(({ path, want }) => `${path === '' ? 'it' : path.slice(0, MAX_SUBJECT_CHARS)} ${want}`)
  if (faults.length > MAX_FAULTS) told.push(`and ${faults.length - MAX_FAULTS} more`)
  return told.join(', ')
}
