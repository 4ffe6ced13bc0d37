import type { Call } from '../mcp/call.ts'
import type { Catalogue } from './aggregation/catalogue.ts'
import { findToolForStep } from './aggregation/lookup.ts'

/**
 * The name under which clients know the tool of a call, for whoever counts or allows calls by it: a step may also say
 * `backend.native` and mean the same tool. Undefined: the call names none.
 */
export function clientToolName({ params, origin }: Call, catalogue: Catalogue): string | undefined {
  const { name } = params
  if (typeof name !== 'string') return undefined
  return origin === undefined ? name : (findToolForStep(catalogue, name)?.name ?? name)
}
