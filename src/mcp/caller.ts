import type { JsonObject } from '../base/json.ts'
import type { Implementation, LogLevel } from './messages.ts'
import type { Era, ProtocolVersion } from './versions.ts'

/** Who calls. `binding` is what sessions and parked calls are bound to: stable over token refreshes, unique per person. */
export interface Principal {
  readonly kind: 'anonymous' | 'local' | 'oidc'
  /** `unauthenticated`, or issuer NUL subject. */
  readonly binding: string
  readonly name?: string
  readonly claims?: Readonly<JsonObject>
}

export const ANONYMOUS: Principal = { kind: 'anonymous', binding: 'unauthenticated' }

/** What the caller's side can do, for this call (modern: from the request's envelope; legacy: from the session). */
export interface ClientView {
  readonly era: Era
  readonly version: ProtocolVersion
  readonly capabilities: JsonObject
  readonly info?: Implementation
  /** The least severe level that may be sent as `notifications/message` for this call; absent: send none. */
  readonly logLevel?: LogLevel
}
