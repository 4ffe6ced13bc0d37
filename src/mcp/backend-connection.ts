import type { Cancellation } from '../base/cancellation.ts'
import type { JsonObject } from '../base/json.ts'
import type {
  Implementation,
  InputAnswers,
  InputRequest,
  ListenFilter,
  LogLevel,
  ServerDescription,
} from './messages.ts'
import type { Reply } from './reply.ts'
import type { Era, ProtocolVersion } from './versions.ts'

/** Where a backend is and how to reach it. */
export type BackendTarget =
  | {
      readonly kind: 'http'
      readonly url: string
      readonly transport: 'streamable-http' | 'sse'
      /** PEM file with additional trust anchors. */
      readonly caBundlePath?: string
    }
  | {
      readonly kind: 'stdio'
      readonly command: string
      readonly args: readonly string[]
      /** Added to a small safe set (PATH, HOME, TMPDIR, LANG …), not to the whole environment of the gateway. */
      readonly env: Readonly<Record<string, string>>
      readonly cwd?: string
    }

export type BackendTransport = 'streamable-http' | 'sse' | 'stdio'

export interface RequestTimeouts {
  /** From sending until the first byte or notification, and between those; progress resets it. Milliseconds, 0 = none. */
  readonly idleMs: number
  /** Hard end. Milliseconds, 0 = none. Time during which a question waits for the client does not count. */
  readonly absoluteMs: number
}

export interface BackendRequest {
  readonly method: string
  /** Cleaned params (see `Call.params`); the connection adds its own envelope, token and id. */
  readonly params?: JsonObject
  /** Modern backends: declared in the envelope. Legacy backends were told at `initialize`. */
  readonly capabilities: JsonObject
  readonly clientInfo?: Implementation
  readonly logLevel?: LogLevel
  readonly wantsProgress: boolean
  /** Added to the HTTP request: outgoing auth, passthrough headers. Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>
  /** Modern HTTP: `Mcp-Param-*` by header name without the prefix, values not yet encoded. */
  readonly paramHeaders?: Readonly<Record<string, string>>
  readonly retry?: { readonly answers?: InputAnswers; readonly state?: string }
  readonly cancellation: Cancellation
  readonly timeouts: RequestTimeouts
  /** `notifications/progress` (without token) and `notifications/message` that belong to this request. */
  readonly onNotification?: (method: string, params: JsonObject) => void
  /** Legacy: a server-to-client request that belongs to this request. Rejecting answers the backend with an error. */
  readonly onQuestion?: (question: InputRequest) => Promise<JsonObject>
  /**
   * Legacy HTTP: the backend ended the stream before the response and wants to be asked again after `retryMs`
   * (2025-11-25 transports, "polling"). The connection does that; an edge may let its client poll meanwhile.
   */
  readonly onStreamPaused?: (retryMs: number) => void
}

/** What a connection tells its owner outside any request. */
export interface ConnectionEvents {
  /** list_changed, resources/updated, unattributable message, notifications/tasks. Params as received. */
  onNotification(method: string, params: JsonObject): void
  /** All calls are those of one client, whom `onQuestion` asks. Absent: clients share the connection. */
  readonly isOwned?: boolean
  /** Nobody was listening for a while: subscribed resources may have changed. List changes are announced besides. */
  onMissed?(): void
  /** A server-to-client request that belongs to no single call in flight. Rejecting answers it with an error. */
  onQuestion(question: InputRequest): Promise<JsonObject>
  /** The connection is gone for good (process exit, session lost, stream refused); not called after `close()`. */
  onClose(reason: string): void
}

/**
 * One conversation with one backend: a legacy HTTP session, a legacy SSE stream, a stdio process, or a modern endpoint
 * (then without any state). Made by `connectBackend`.
 */
export interface BackendConnection {
  readonly era: Era
  readonly transport?: BackendTransport
  readonly version: ProtocolVersion
  readonly server: ServerDescription
  /** Legacy HTTP: the backend's own session id, if it gave one. */
  readonly sessionId?: string
  /** Requests waiting for their response. */
  readonly inFlight: number
  /**
   * Sends a request. Resolves with the backend's answer, JSON-RPC errors included. Rejects with an AppError of
   * `mcp/errors.ts`: BACKEND_UNREACHABLE, BACKEND_SESSION_LOST, BACKEND_TIMEOUT, BACKEND_GONE, BACKEND_PROTOCOL, BACKEND_HTTP,
   * CALL_CANCELLED; `details.ran` is `no` if the request provably was not executed, else `unknown`.
   */
  request(request: BackendRequest): Promise<Reply>
  /** Sends a notification; failures are logged, never thrown. */
  notify(method: string, params?: JsonObject): void
  /**
   * Modern only: replaces the one `subscriptions/listen` stream by one with this filter (new one opened before the old
   * is closed) and returns what the backend honoured. Undefined filter: only close.
   */
  listen?(filter: ListenFilter | undefined): Promise<ListenFilter>
  /**
   * Ends it: DELETE of a legacy HTTP session, end of the process group. Resolves when done, in bounded time.
   * `keepSession`: the backend's session is left alive, because another replica may continue it.
   */
  close(options?: { readonly keepSession?: boolean }): Promise<void>
}
