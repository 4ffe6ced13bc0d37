import type { Finding } from '../schema/finding.ts'
import { checkDefaultResults } from './check-default-results.ts'
import { checkOrder } from './check-order.ts'
import { checkReferences } from './check-references.ts'
import { checkSchemas } from './check-schemas.ts'
import { checkSteps } from './check-steps.ts'
import { checkValues } from './check-values.ts'
import { looseSteps } from './loose-steps.ts'
import { parsePlaces } from './parse-places.ts'
import { isMap, templatePlaces } from './template-places.ts'

/**
 * Checks what holds between the fields of one composite tool, and everything in its templates and schemas. It may still have
 * other mistakes: what is no text, list or map where one should be is passed over. Paths begin at the composite tool.
 */
export function checkDefinition(tool: unknown): Finding[] {
  if (!isMap(tool)) return []
  const steps = looseSteps(tool)
  const places = templatePlaces(tool)
  const { parsed, findings } = parsePlaces(places)
  return [
    ...checkSteps(steps),
    ...findings,
    ...checkReferences(tool, steps, parsed),
    ...checkOrder(steps, parsed),
    ...checkDefaultResults(steps, places),
    ...checkValues(tool, steps, places),
    ...checkSchemas(tool, steps),
  ]
}
