import type { JsonObject } from '../../base/json.ts'
import type { Outbound } from '../../net/outbound.ts'
import type { ChildProcesses } from '../../system/child-process.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { ConnectionEvents } from '../backend-connection.ts'
import type { AskingHabits } from './legacy/asking-habits.ts'
import type { Implementation, ServerDescription } from '../messages.ts'
import type { Era, ProtocolVersion } from '../versions.ts'

export interface ConnectOptions {
  /** The backend's name in errors and logs. */
  readonly name: string
  /** Who we say we are. */
  readonly clientInfo: Implementation
  /** Declared at a legacy `initialize`; modern backends are told with each request. */
  readonly capabilities: JsonObject
  /** The backend's era, from configuration or a cache: it is not probed then. A wrong `modern` is noticed and probed. */
  readonly era?: Era
  /** Continue this legacy HTTP session instead of opening one. */
  readonly resume?: LegacyResume
  readonly events: ConnectionEvents
  /** What is known of the backend from earlier connections. */
  readonly habits?: AskingHabits
  /** Added to every HTTP request, asked anew each time: outgoing credentials. Lower-case names. */
  readonly headers?: () => Readonly<Record<string, string>>
  /** Legacy HTTP: hold the standalone stream (GET) open. The other transports always listen. */
  readonly openStream: boolean
  /** Another replica may have the one stream of a session: who waits for it asks again soon after that has gone. */
  readonly onPeerGone?: PeerGone | undefined
  /** Whole handshake, milliseconds: connecting, probing each time, `initialize`. */
  readonly connectTimeoutMs: number
  /** How long a stdio server may take to answer the probe before it is started again as a legacy one. */
  readonly probeTimeoutMs?: number
  /** Largest message we take, bytes; default 100 MB. */
  readonly maxMessageBytes?: number
  readonly log: Logger
  /** For HTTP targets. */
  readonly outbound?: Outbound
  /** For stdio targets. */
  readonly children?: ChildProcesses
  /** Gives up connecting. */
  readonly signal?: AbortSignal
}

/** Calls the listener each time another replica has gone; returns the way to stop. */
export type PeerGone = (listener: () => void) => () => void

export interface LegacyResume {
  readonly sessionId: string
  readonly version: ProtocolVersion
  /** What the server said at the handshake; if absent, a description without capabilities. */
  readonly server?: ServerDescription
}

export const DEFAULT_MAX_MESSAGE_BYTES = 100_000_000
