import { createHash } from 'node:crypto'
import type { Principal } from '../mcp/caller.ts'

/** Whose connection to a backend it is: a session's, or a principal's without one. */
export type Owner =
  | { readonly kind: 'session'; readonly id: string; readonly principal: Principal }
  | { readonly kind: 'principal'; readonly principal: Principal }

/** One connection of one owner to one backend, wherever it is. */
export interface Place {
  readonly owner: Owner
  readonly backend: string
}

/** The key of a place in the store, behind the prefix; of a principal there is only a digest. */
export function placeKey({ owner, backend }: Place): string {
  const name = encodeURIComponent(backend)
  if (owner.kind === 'session') return `backend:s:${owner.id}:${name}`
  const digest = createHash('sha256').update(owner.principal.binding).digest('base64url')
  return `backend:p:${digest}:${name}`
}
