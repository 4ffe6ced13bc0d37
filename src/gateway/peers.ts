import type { JsonObject } from '../base/json.ts'
import type { Owner } from '../cluster/owner.ts'
import type { SharedConnections } from '../cluster/shared-connections.ts'
import type { ClientChannel, ClientSession } from '../mcp/client-session.ts'
import type { ListKind } from './list-kinds.ts'
import type { SessionPeers } from './sessions.ts'

/** What a replica heard from a connection that belongs to somebody, for whom others may have streams and views. */
export type BackendNews = { readonly owner: Owner; readonly backend: string } & (
  | { readonly kind: 'notification'; readonly method: string; readonly params: JsonObject }
  | { readonly kind: 'lists'; readonly kinds: readonly ListKind[] }
)

/** The other replicas, as far as a gateway needs them. */
export interface GatewayPeers extends SessionPeers {
  tell(news: BackendNews): void
  /** Waits, bounded, until the replica that holds the session's stream follows what the session follows. Never rejects. */
  letFollow(replica: string, session: string): Promise<void>
  /** The way to a session's client, which may have its stream elsewhere. */
  channelFor(session: ClientSession): ClientChannel | undefined
  readonly connections: SharedConnections
}
