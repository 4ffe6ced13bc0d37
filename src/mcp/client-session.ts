import type { Cancellation } from '../base/cancellation.ts'
import type { JsonObject } from '../base/json.ts'
import type { ClientView, Principal } from './caller.ts'
import type { Implementation, InputRequest, LogLevel } from './messages.ts'
import type { ProtocolVersion } from './versions.ts'

/** How the gateway reaches a legacy client outside any call. Made by the client edge that holds its streams. */
export interface ClientChannel {
  /** Sends a notification on the session's standalone stream, or keeps it in the bounded replay buffer. Never throws. */
  notify(method: string, params?: JsonObject): void
  /** Asks on the standalone stream. Rejects like `Call.ask`. `until` withdraws the question. */
  ask(request: InputRequest, until?: Cancellation): Promise<JsonObject>
  /** Ends the connection of the standalone stream, where that can come back: the client opens another, which may lead elsewhere. */
  hangUp?(): void
  /** Ends all streams of the session. */
  close(): void
}

/** A legacy client's session. The gateway owns it; the edge attaches its channel. */
export interface ClientSession {
  readonly id: string
  readonly principal: Principal
  /** Replaced by a new frozen value when the client sets its log level. */
  client: ClientView
  channel: ClientChannel | undefined
  /** The replica that holds the client's standalone stream, if it is another one. */
  streamAt?: string | undefined
  /** Calls and open streams in flight; a session with any is never evicted. The edge counts up and down. */
  inFlight: number
}

export interface SessionRequest {
  version: ProtocolVersion
  capabilities: JsonObject
  info?: Implementation
  principal: Principal
  /** Where it came from, for the audit log; not kept. Absent on stdio. */
  from?: SessionOrigin
}

export interface SessionOrigin {
  /** Address of the client. */
  readonly source?: string | undefined
  readonly userAgent?: string | undefined
}

/**
 * `unknown`: no such session (HTTP 404: initialize again). `foreign`: it belongs to another principal (the session has
 * been ended; HTTP 404 as well, logged). `unavailable`: storage does not answer (HTTP 503: retry).
 */
export type SessionLookup = ClientSession | 'unknown' | 'foreign' | 'unavailable'

/** The session table, as client edges need it. Implemented by the gateway over the key-value contract. */
export interface Sessions {
  create(request: SessionRequest): Promise<ClientSession>
  /** A live session at once; a promise only if storage has to be asked. Refreshes the sliding expiry. */
  find(id: string, principal: Principal): SessionLookup | Promise<SessionLookup>
  /** With other replicas a promise: resolves when they can know of it. */
  setLogLevel(session: ClientSession, level: LogLevel): Promise<void> | undefined
  /** The client has opened its standalone stream here: what it follows is announced here from now on. Never rejects. */
  claimStream(session: ClientSession): Promise<void>
  /** Ends the session: connections to backends closed, streams ended, record deleted. */
  end(session: ClientSession, reason: string): Promise<void>
}
