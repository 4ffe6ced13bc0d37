import { createHash } from 'node:crypto'
import type { DeepReadonly } from '../../base/deep-readonly.ts'
import type { Principal } from '../../mcp/caller.ts'
import type { RateLimitingConfig } from '../config.ts'
import type { Claim, Limit } from '../rate-limiter.ts'

/** The buckets that a call of a tool draws from. The same array for the same call: nothing is made anew. */
export type ClaimsOf = (tool: string, principal: Principal, isInner: boolean) => readonly Claim[]

/** Users whose claims are remembered, for each tool with limits of its own. */
const MAX_REMEMBERED = 1_000

/**
 * What a configuration makes a call draw from. Inner calls, which a workflow makes, draw from the buckets of their tool
 * only: its caller's call was counted, as one call.
 */
export function createClaims(config: DeepReadonly<RateLimitingConfig>, prefix: string): ClaimsOf {
  const { shared, perUser, tools } = config
  const wide = { shared: limitOf(shared, 'shared'), user: limitOf(perUser, 'user') }
  const outer = new Map<string, ClaimsOfUser>()
  const inner = new Map<string, ClaimsOfUser>()
  for (const { name, ...own } of tools) {
    const limits = {
      shared: limitOf(own.shared, 'shared', name),
      user: limitOf(own.perUser, 'user', name),
    }
    outer.set(name, claimsOfUser([wide, limits], prefix))
    inner.set(name, claimsOfUser([limits], prefix))
  }
  const others = claimsOfUser([wide], prefix)

  return (tool, principal, isInner) => {
    if (isInner) return inner.get(tool)?.(principal) ?? NONE
    return (outer.get(tool) ?? others)(principal)
  }
}

type ClaimsOfUser = (principal: Principal) => readonly Claim[]

const NONE: readonly Claim[] = []

interface Limits {
  readonly shared: Limit | undefined
  readonly user: Limit | undefined
}

function limitOf(
  bucket: { maxTokens: number; refillPeriodMs: number } | undefined,
  scope: Limit['scope'],
  tool?: string,
): Limit | undefined {
  return bucket && { scope, tool, ...bucket }
}

function claimsOfUser(limits: readonly Limits[], prefix: string): ClaimsOfUser {
  const forAll = limits
    .flatMap(({ shared }) => shared ?? [])
    .map((limit) => ({
      key: limit.tool === undefined ? `${prefix}shared` : `${prefix}shared:tool:${limit.tool}`,
      limit,
    }))
  const forEach = limits.flatMap(({ user }) => user ?? [])
  if (forEach.length === 0) return () => forAll
  const remembered = new Map<string, readonly Claim[]>()
  return ({ binding }) => {
    let claims = remembered.get(binding)
    if (claims === undefined) {
      if (remembered.size >= MAX_REMEMBERED) remembered.clear()
      const user = hashOf(binding)
      const own = forEach.map((limit) => ({
        key:
          limit.tool === undefined
            ? `${prefix}user:${user}`
            : `${prefix}user-tool:${limit.tool}:${user}`,
        limit,
      }))
      remembered.set(binding, (claims = [...forAll, ...own]))
    }
    return claims
  }
}

/** Keys can be read by whoever may look into Redis: they do not say who it is. */
function hashOf(binding: string): string {
  return createHash('sha256').update(binding).digest('base64url').slice(0, 22)
}
