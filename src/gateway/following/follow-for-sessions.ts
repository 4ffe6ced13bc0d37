import type { ClientSession } from '../../mcp/client-session.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { Backend } from '../backend.ts'
import type { BackendSet } from '../backends/backend-set.ts'
import type { Catalogues } from '../catalogues.ts'
import type { Interests } from '../interests.ts'
import type { SessionTable } from '../sessions.ts'
import type { Subscriptions } from '../subscriptions.ts'
import { mayHaveResource, ownerOfResource } from '../unlisted-resources.ts'

export interface FollowForSessionsOptions {
  readonly backends: BackendSet
  readonly catalogues: Catalogues
  readonly interests: Interests
  readonly sessions: Pick<SessionTable, 'live' | 'subscriptionsOf'>
  readonly subscriptions: Subscriptions
  /** How long resources of backends that have not answered yet are waited for, milliseconds. */
  readonly patienceMs: number
  readonly log: Logger
}

/** Subscribes for sessions what they already follow: to new backends, and on replicas that did not know of it. */
export interface FollowForSessions {
  /** Follows what another process followed for the session. Never rejects. */
  stored(session: ClientSession): Promise<void>
  /** Ends what is followed here and not among these uris any more. */
  only(session: ClientSession, uris: readonly string[]): void
  /** A backend that took another's place knows nothing of what clients follow there. Never rejects. */
  again(backend: Backend): Promise<void>
}

export function createFollowForSessions(options: FollowForSessionsOptions): FollowForSessions {
  const { backends, catalogues, interests, sessions, subscriptions, log } = options

  function backendOf(session: ClientSession, uri: string): Promise<Backend | undefined> {
    const owner = { principal: session.principal, session }
    const candidates = mayHaveResource(catalogues.for(owner), backends.byName, uri)
    return ownerOfResource(candidates, owner, uri)
  }

  async function follow(
    backend: Backend,
    session: ClientSession,
    uri: string,
    isWanted: () => boolean,
  ): Promise<void> {
    try {
      const owner = { principal: session.principal, session }
      const following = await subscriptions.follow(backend, owner, { uris: [uri], taskIds: [] })
      // The session may have ended, or lost interest, meanwhile.
      if (isWanted()) interests.subscribe(session, uri, following.stop)
      else following.stop()
    } catch (error) {
      log.warn({ backend: backend.name, uri, err: error }, 'Cannot subscribe again')
    }
  }

  return {
    async stored(session) {
      const isWanted = (uri: string): boolean => sessions.subscriptionsOf(session).includes(uri)
      const missing = sessions
        .subscriptionsOf(session)
        .filter((uri) => !interests.isSubscribed(session, uri))
      if (missing.length > 0 && !backends.isSettled) await backends.settled(options.patienceMs)
      for (const uri of missing) {
        const backend = await backendOf(session, uri)
        if (backend !== undefined) await follow(backend, session, uri, () => isWanted(uri))
      }
    },
    only(session, uris) {
      for (const uri of interests.urisOf(session)) {
        if (!uris.includes(uri)) interests.unsubscribe(session, uri)
      }
    },
    async again(backend) {
      await backend.settled
      for (const listener of interests.listeners) void listener.followAgain(backend.name)
      for (const session of sessions.live()) {
        for (const uri of interests.urisOf(session)) {
          if ((await backendOf(session, uri)) !== backend) continue
          await follow(backend, session, uri, () => interests.isSubscribed(session, uri))
        }
      }
    },
  }
}
