import type { Json, JsonObject } from '../../base/json.ts'
import { isAppError } from '../../base/errors.ts'
import { parseJsonText } from '../../base/parse-json-text.ts'
import type { ForEachAction } from '../plan.ts'
import { messageOf } from './message-of.ts'
import { ExpandWith } from './expand-with.ts'

/** The items of a loop, or why there are none: not a list, or too many. Nothing is cut off. */
export function readCollection(
  { collection, maxIterations }: ForEachAction,
  data: JsonObject,
): { readonly items: readonly Json[] } | { readonly error: string } {
  let items: Json[] | string
  try {
    const expand = new ExpandWith(data)
    const single = expand.value(collection)
    items = Array.isArray(single) ? single : parseList(expand.text(collection))
  } catch (error) {
    return { error: `cannot evaluate its collection: ${messageOf(error)}` }
  }
  if (typeof items === 'string') {
    return { error: `its collection is not a JSON array: ${JSON.stringify(items.slice(0, 100))}` }
  }
  if (items.length <= maxIterations) return { items }
  return { error: `collection size ${items.length} exceeds maxIterations ${maxIterations}` }
}

/** The list that the text is, else the text. Throws JSON_TOO_DEEP. */
function parseList(text: string): Json[] | string {
  try {
    const value = parseJsonText(text)
    return Array.isArray(value) ? (value as Json[]) : text
  } catch (error) {
    // It is JSON, but too deep.
    if (isAppError(error)) throw error
    return text
  }
}
