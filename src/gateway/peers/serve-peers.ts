import type { Owner, Place } from '../../cluster/owner.ts'
import type { BackendConnection } from '../../mcp/backend-connection.ts'
import type { ClientSession } from '../../mcp/client-session.ts'
import type { Backend, BackendEvents } from '../backend.ts'
import type { SlotOwner } from '../backends/pool.ts'
import type { Interests } from '../interests.ts'
import type { BackendNews, GatewayPeers } from '../peers.ts'
import type { SessionTable } from '../sessions.ts'

/** What a gateway does for the other replicas. */
export interface ServedPeers {
  /** Another replica heard something that concerns owners here as well. */
  hear(news: BackendNews): void
  /** Another replica changed what a session follows whose stream ends here. Never rejects. */
  followElsewhere(session: string): Promise<void>
  /** Another replica uses a connection that only this one has; `run` gets undefined if there is no such owner or backend. */
  useConnection<Result>(
    place: Place,
    run: (connection: BackendConnection | undefined) => Promise<Result>,
  ): Promise<Result>
}

export interface ServePeersOptions {
  readonly backends: ReadonlyMap<string, Backend>
  readonly sessions: SessionTable
  readonly interests: Interests
  readonly relay: BackendEvents['onNotification']
  readonly follow: (session: ClientSession) => Promise<void>
  readonly channelFor: GatewayPeers['channelFor']
}

export function servePeers(options: ServePeersOptions): ServedPeers {
  const { backends, sessions, interests } = options

  /** Undefined for a session that is not used here. */
  function ownerHere(owner: Owner): SlotOwner | undefined {
    if (owner.kind === 'principal') return owner
    const session = sessions.liveOne(owner.id)
    return session && { kind: 'session', session }
  }

  return {
    hear(news) {
      const backend = backends.get(news.backend)
      const owner = ownerHere(news.owner)
      if (backend === undefined || owner === undefined) return
      if (news.kind === 'notification') options.relay(backend, owner, news.method, news.params)
      else {
        void backend.relistOwn(owner, new Set(news.kinds)).then(() => {
          if (owner.kind === 'principal') interests.listChanged(news.kinds, owner.principal)
        })
      }
    },
    async followElsewhere(id) {
      const session = await sessions.reread(id)
      if (session !== undefined) await options.follow(session)
    },
    async useConnection({ owner, backend: name }, run) {
      const backend = backends.get(name)
      const { principal } = owner
      const session =
        owner.kind === 'session' ? await sessions.find(owner.id, principal) : undefined
      if (backend === undefined || typeof session === 'string') return run(undefined)
      // Neither may go while it is used.
      backend.calls.count++
      if (session !== undefined) {
        session.inFlight++
        session.channel ??= options.channelFor(session)
      }
      try {
        return await run(await backend.ownConnection({ principal, session }))
      } finally {
        backend.calls.count--
        if (session !== undefined) session.inFlight--
      }
    },
  }
}
