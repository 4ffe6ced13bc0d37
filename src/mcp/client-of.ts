import type { Principal } from './caller.ts'
import type { ClientSession } from './client-session.ts'

/** What is known of who makes a call. */
export interface CallingClient {
  readonly principal: Principal
  readonly session?: ClientSession | undefined
  /** Address it calls from; undefined on stdio. */
  readonly source?: string | undefined
}

/**
 * Whose share of what all clients have together a call takes: users are one client wherever they call from; where nobody says who it
 * is, a session is one, or else an address.
 */
export function clientOf({ principal, session, source }: CallingClient): string {
  if (principal.kind === 'oidc') return principal.binding
  return session?.id ?? source ?? 'local'
}
