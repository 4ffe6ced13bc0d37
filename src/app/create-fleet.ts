import { newUuid } from '../base/ids.ts'
import { inTime } from '../base/in-time.ts'
import type { JsonObject } from '../base/json.ts'
import { textOf } from '../base/text-of.ts'
import { EDGE_PATH, forwardRequest, readForwarded } from '../cluster/forward-request.ts'
import type { Cluster } from '../cluster/open-cluster.ts'
import { serveConnections } from '../cluster/serve-connections.ts'
import { createTellSurely } from '../cluster/tell-surely.ts'
import type { Gateway } from '../gateway/create-gateway.ts'
import type { BackendNews, GatewayPeers } from '../gateway/peers.ts'
import type { KeyedCalls, KeyedCallsPeers } from '../gateway/keyed-calls.ts'
import type { ClientSession } from '../mcp/client-session.ts'
import type { Delivery, EdgeMessage, EdgePeers } from '../mcp/edge-peers.ts'
import type { PeerGone } from '../mcp/connect-backend.ts'
import type { KeptEvents } from '../mcp/kept-events.ts'
import type { HttpEdge } from '../mcp/http-edge.ts'
import type { Logger } from '../telemetry/logger.ts'

/** This replica among the others, put together: what its gateway and its client edge need of them, and give them. */
export interface Fleet {
  readonly gatewayPeers: GatewayPeers
  readonly edgePeers: EdgePeers
  readonly keyedCallsPeers: KeyedCallsPeers
  readonly keptEvents: KeptEvents
  readonly runPeers: RunPeers
  readonly onPeerGone: PeerGone
  /** Replicas that are known, besides this one. */
  readonly others: () => number
  /** Serves what others ask of this edge. Before `start`. */
  join(edge: HttpEdge): void
  /** From here on others find us. */
  start(): Promise<void>
  /** This replica leaves: others go on at once with what lives here, calls in flight may end. Never rejects. */
  handOver(): Promise<void>
  /** Resolves when no call of another replica's client is under way here. */
  served(): Promise<void>
  close(): Promise<void>
}

/** Replicas as owners of runs. */
export interface RunPeers {
  /** Where this one can be asked whether it lives. */
  readonly url: string
  /** Whether the replica with this name and address answers. Never rejects. */
  answers(replica: { readonly id: string; readonly url: string }): Promise<boolean>
}

const CHANGED = 'session-changed'
const ENDED = 'session-ended'
const SERVES = 'session-served'
const EDGE = 'edge'
const NEWS = 'news'
const FOLLOW = 'follow'
const RECALL = 'keyed-recall'
/** A keyed call waits no longer for replicas that do not answer. */
const RECALL_MS = 500
/** So long a client waits for all replicas to hear what it takes back. */
const TOLD_MS = 1_000

export interface FleetParts {
  readonly cluster: Cluster
  readonly keptEvents: KeptEvents
  /** Asked when others ask, after it was made. */
  readonly gateway: () => Gateway
  readonly keyed: Pick<KeyedCalls, 'recall'>
  readonly log: Logger
}

/** Puts it together. */
export function createFleet({ cluster, keptEvents, gateway, keyed, log }: FleetParts): Fleet {
  let edge: HttpEdge | undefined
  const { directory } = cluster

  const surely = createTellSurely({ find: directory.find, tell: cluster.tell, log })

  /** Clients may be asked and told once only; what they say themselves is taken once, however often it comes. */
  function deliver(to: string, message: EdgeMessage): Promise<Delivery> {
    return surely.tell(to, wrapped(message), message.kind === 'from-client')
  }

  cluster.onMessage(CHANGED, ({ session }) => gateway().sessions.staleElsewhere(textOf(session)))
  cluster.onMessage(ENDED, ({ session }) => gateway().sessions.endedElsewhere(textOf(session)))
  cluster.onMessage(SERVES, ({ session }) => ({
    serves: gateway().sessions.liveOne(textOf(session)) !== undefined,
  }))
  cluster.onMessage(FOLLOW, ({ session }) => gateway().followElsewhere(textOf(session)))
  cluster.onMessage(NEWS, ({ news }) => gateway().hear(news as unknown as BackendNews))
  cluster.onMessage(RECALL, ({ at }) => ({ record: keyed.recall(textOf(at)) ?? null }))
  cluster.onMessage(EDGE, async ({ edge: message }) => {
    const delivered = await edge?.peerSide.receive(message as unknown as EdgeMessage)
    return { delivered: delivered === true }
  })
  cluster.handle(EDGE_PATH, (received) => {
    const client = readForwarded(received)
    const { request, response } = received
    if (client === undefined || edge === undefined) response.writeHead(503).end()
    else edge.peerSide.serve(request, response, client)
  })
  const served = serveConnections({
    use: (place, run) => gateway().useConnection(place, run),
    isLeaving: () => cluster.isLeaving,
    selfId: cluster.self.id,
    newId: newUuid,
  })
  for (const [path, handler] of served.handlers) cluster.handle(path, handler)

  return {
    gatewayPeers: {
      self: cluster.self.id,
      connections: cluster.connections,
      trustedSinceMs: () => directory.trustedSinceMs,
      changed: (session) => void cluster.tellAll({ kind: CHANGED, session }),
      async letFollow(replica, session) {
        try {
          const holder = await directory.find(replica)
          if (holder !== undefined) await cluster.tell(holder, { kind: FOLLOW, session })
        } catch (error) {
          log.debug({ replica, err: error }, 'Cannot let another replica follow')
        }
      },
      tell: (news) => void cluster.tellAll({ kind: NEWS, news: news as unknown as JsonObject }),
      ended: (session) => cluster.tellAll({ kind: ENDED, session }),
      async serve(session) {
        const asked = directory.others.map(async (other) => {
          const { serves } = await cluster.tell(other, { kind: SERVES, session })
          if (serves !== true) throw new Error('It does not')
        })
        let isServed = false
        const first = Promise.any(asked).then(() => (isServed = true))
        // Rejects if none does.
        await inTime(first, TOLD_MS).catch(() => {})
        return isServed
      },
      channelFor: (session: ClientSession) => edge?.channelFor(session),
    },
    edgePeers: {
      self: cluster.self.id,
      forward: (to, request, response, client) =>
        forwardRequest({ ...cluster, log }, to, request, response, client),
      send: deliver,
      async sendAll(message) {
        const told = directory.others.map(({ id }) => deliver(id, message))
        await inTime(Promise.all(told), TOLD_MS)
      },
    },
    keyedCallsPeers: {
      address: `${cluster.self.id} ${cluster.self.url}`,
      async hasEnded(address) {
        const [id = '', url = ''] = address.split(' ')
        return (await cluster.ping({ id, url })) === 'refused'
      },
      async recall(at) {
        const asked = directory.others.map(async (other) => {
          const { record } = await cluster.tell(other, { kind: RECALL, at })
          if (typeof record !== 'string') throw new Error('It has none')
          return record
        })
        let found: string | undefined
        const first = Promise.any(asked).then((record) => (found = record))
        // Rejects if none has it.
        await inTime(first, RECALL_MS).catch(() => {})
        return found
      },
    },
    keptEvents,
    runPeers: {
      url: cluster.self.url,
      answers: async (replica) => (await cluster.ping(replica)) === 'alive',
    },
    onPeerGone: cluster.onGone,
    others: () => directory.others.length,
    join: (own) => void (edge = own),
    async start() {
      await cluster.start()
      log.info({ replica: cluster.self.id, link: cluster.self.url }, 'One of several replicas')
    },
    handOver: () => cluster.handOver(),
    served: served.idle,
    close() {
      surely.close()
      return cluster.close()
    },
  }
}

function wrapped(message: EdgeMessage): JsonObject & { kind: string } {
  return { kind: EDGE, edge: message as unknown as JsonObject }
}
