import { newUuid } from '../base/ids.ts'
import { textOf } from '../base/text-of.ts'
import type { Cluster } from '../cluster/open-cluster.ts'
import { serveConnections } from '../cluster/serve-connections.ts'
import type { Gateway, GatewayPeers } from '../gateway/create-gateway.ts'

const CHANGED = 'session-changed'
const ENDED = 'session-ended'

/** The other replicas as the gateway needs them. */
export function gatewayPeers(cluster: Cluster): GatewayPeers {
  return {
    self: cluster.self.id,
    connections: cluster.connections,
    trustedSinceMs: () => cluster.directory.trustedSinceMs,
    changed: (session) => cluster.tellAll({ kind: CHANGED, session }),
    ended: (session) => cluster.tellAll({ kind: ENDED, session }),
  }
}

/** Serves what other replicas ask of this gateway. Before `cluster.start()`. */
export function joinFleet(cluster: Cluster, gateway: Gateway): void {
  cluster.onMessage(CHANGED, ({ session }) => gateway.sessions.staleElsewhere(textOf(session)))
  cluster.onMessage(ENDED, ({ session }) => gateway.sessions.endedElsewhere(textOf(session)))
  const served = serveConnections({
    use: (place, run) => gateway.useConnection(place, run),
    selfId: cluster.self.id,
    newId: newUuid,
  })
  for (const [path, handler] of served) cluster.handle(path, handler)
}
