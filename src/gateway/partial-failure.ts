import { gatewayErrors } from './errors.ts'
import type { Stage } from './stages.ts'

/** Requests that speak for all backends together. */
const AGGREGATE = new Set([
  'tools/list',
  'resources/list',
  'resources/templates/list',
  'prompts/list',
])

/**
 * `partialFailureMode: fail` (vmcp 13.3): a list is only answered while every backend is there. With `best_effort` what is
 * known is served. `missing` names the backends that are not there; undefined: the mode is best_effort.
 */
export function createPartialFailureStage(missing: () => readonly string[] | undefined): Stage {
  return (call, next) => {
    const names = AGGREGATE.has(call.method) ? missing() : undefined
    if (names === undefined || names.length === 0) return next(call)
    return Promise.reject(gatewayErrors.PARTIAL_FAILURE({ backends: names.join(', ') }))
  }
}
