import type { JsonObject } from '../base/json.ts'
import type { Principal } from '../mcp/caller.ts'
import type { ClientSession } from '../mcp/client-session.ts'
import type { ListenFilter } from '../mcp/messages.ts'
import type { ListKind } from './list-kinds.ts'

/** One open `subscriptions/listen` of a modern client. */
export interface Listener {
  readonly filter: ListenFilter
  readonly principal: Principal
  readonly sink: (method: string, params: JsonObject) => void
  readonly onEnd: () => void
  /** Another backend took the place of one it follows: follows that. */
  readonly followAgain: (backend: string) => Promise<void>
}

export interface InterestsOptions {
  readonly sessions: () => Iterable<ClientSession>
}

/**
 * Who wants to hear of what outside calls: sessions (lists: all of them; resources: what they subscribed to) and
 * listeners of modern clients (what their filter names). Delivery is by memory only and never waits.
 */
export interface Interests {
  readonly listeners: Iterable<Listener>
  addListener(listener: Listener): void
  removeListener(listener: Listener): void
  /** `stop` ends the subscription at the backend; called once, when the session no longer wants it or ends. */
  subscribe(session: ClientSession, uri: string, stop: () => void): void
  unsubscribe(session: ClientSession, uri: string): void
  isSubscribed(session: ClientSession, uri: string): boolean
  urisOf(session: ClientSession): readonly string[]
  endSession(session: ClientSession): void
  /** With a principal, only to those who are the same: the news came over a connection of theirs. */
  listChanged(kinds: Iterable<ListKind>, principal?: Principal): void
  /** With a principal, only to those who are the same: the news came over a connection of theirs. */
  resourceUpdated(uri: string, params: JsonObject, principal?: Principal): void
  /** `idFor`: the task's id as that principal knows it. */
  taskChanged(idFor: (principal: Principal) => string, method: string, params: JsonObject): void
  /** Ends all listeners (shutdown). */
  end(): void
}

export function createInterests(options: InterestsOptions): Interests {
  const listeners = new Set<Listener>()
  const uris = new Map<ClientSession, Map<string, () => void>>()

  return {
    listeners,
    addListener: (listener) => void listeners.add(listener),
    removeListener: (listener) => void listeners.delete(listener),
    subscribe(session, uri, stop) {
      let own = uris.get(session)
      if (own === undefined) uris.set(session, (own = new Map()))
      // Two requests for the same at once: one subscription at the backend is enough.
      own.get(uri)?.()
      own.set(uri, stop)
    },
    unsubscribe(session, uri) {
      const own = uris.get(session)
      own?.get(uri)?.()
      own?.delete(uri)
      if (own?.size === 0) uris.delete(session)
    },
    isSubscribed: (session, uri) => uris.get(session)?.has(uri) === true,
    endSession(session) {
      for (const stop of uris.get(session)?.values() ?? []) stop()
      uris.delete(session)
    },
    urisOf: (session) => [...(uris.get(session)?.keys() ?? [])],
    listChanged(kinds, principal) {
      for (const kind of kinds) {
        const method = `notifications/${kind}/list_changed`
        for (const session of options.sessions()) {
          // Where the stream ends the same is heard.
          if (session.streamAt !== undefined) continue
          if (isOf(session.principal, principal)) session.channel?.notify(method)
        }
        const flag = `${kind}ListChanged` as const
        for (const listener of listeners) {
          if (!isOf(listener.principal, principal)) continue
          if (listener.filter[flag] === true) listener.sink(method, {})
        }
      }
    },
    resourceUpdated(uri, params, principal) {
      const method = 'notifications/resources/updated'
      for (const [session, own] of uris) {
        if (session.streamAt !== undefined || !own.has(uri)) continue
        if (isOf(session.principal, principal)) session.channel?.notify(method, params)
      }
      for (const listener of listeners) {
        if (!isOf(listener.principal, principal)) continue
        if (listener.filter.resourceSubscriptions?.includes(uri)) listener.sink(method, params)
      }
    },
    taskChanged(idFor, method, params) {
      for (const { filter, principal, sink } of listeners) {
        if (filter.taskIds === undefined) continue
        const taskId = idFor(principal)
        if (filter.taskIds.includes(taskId)) sink(method, { ...params, taskId })
      }
    },
    end() {
      for (const listener of listeners) listener.onEnd()
      listeners.clear()
    },
  }
}

function isOf(one: Principal, wanted: Principal | undefined): boolean {
  return wanted === undefined || one.binding === wanted.binding
}
