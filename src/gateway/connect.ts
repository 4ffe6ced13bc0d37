import type { JsonObject } from '../base/json.ts'
import type { BackendConnection, ConnectionEvents } from '../mcp/backend-connection.ts'
import type { LegacyResume } from '../mcp/connect-backend.ts'
import type { Era } from '../mcp/versions.ts'

export interface ConnectRequest {
  /** Declared at a legacy `initialize`. */
  readonly capabilities: JsonObject
  readonly events: ConnectionEvents
  /** Open the standalone stream (legacy) for notifications outside calls. */
  readonly openStream: boolean
  /** Speak this era, whatever the backend prefers; default: what it prefers. */
  readonly era?: Era
  /** Go on with this session of a legacy HTTP backend. */
  readonly resume?: LegacyResume
}

/** Opens a connection to one backend; bound to its target, credentials and era cache by `app/`. */
export type Connect = (request: ConnectRequest) => Promise<BackendConnection>

/**
 * What we declare on connections that several clients share. Backends may then ask; whether the client of the moment can
 * answer is decided per call. A question for roots outside any call is refused: nobody in particular could answer it.
 */
export const SHARED_CAPABILITIES: JsonObject = {
  elicitation: { form: {}, url: {} },
  sampling: { tools: {} },
  roots: {},
}
