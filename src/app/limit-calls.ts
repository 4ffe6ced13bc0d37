import type { Stage } from '../gateway/stages.ts'
import type { Call } from '../mcp/call.ts'
import type { Reply } from '../mcp/reply.ts'
import type { RateLimits } from '../policy/rate-limits.ts'

/** Counts every tools/call, and refuses what is beyond its limits; other methods are free. */
export function createLimitStage(
  limits: Pick<RateLimits, 'refusal'>,
  toolName: (call: Call) => string | undefined,
): Stage {
  return (call, next) => {
    if (call.method !== 'tools/call') return next(call)
    const refusal = limits.refusal({
      // Without a name it costs what any call costs, until the router refuses it.
      tool: toolName(call) ?? '',
      principal: call.principal,
      isInner: call.origin !== undefined,
    })
    if (refusal === undefined) return next(call)
    if (!(refusal instanceof Promise)) return Promise.reject(refusal)
    return refusal.then((error): Promise<Reply> => {
      if (error !== undefined) throw error
      return next(call)
    })
  }
}
