/** Bounds of everything a client can make an edge keep or wait for. */
export interface ClientLimits {
  /** A larger request body is answered with HTTP 413. */
  readonly maxBodyBytes: number
  /** Bodies over 64 kB of all requests together, until they are answered; one more is refused with HTTP 503. */
  readonly maxBodyBytesTotal: number
  /** From the head of a request to the last byte of its body. */
  readonly bodyTimeoutMs: number
  /** Elements of a JSON-RPC batch (2025-03-26). */
  readonly maxBatchCount: number
  /** stdio: a longer line is answered with a parse error and ends the conversation. */
  readonly maxLineBytes: number
  /** A legacy POST still unanswered after this turns into an event stream, which can be resumed. */
  readonly sseUpgradeMs: number
  /** The same for a modern one: it cannot be resumed, and until then an error still has its own HTTP status. */
  readonly modernSseUpgradeMs: number
  /** Comment on an event stream on which nothing else was sent. */
  readonly keepAliveMs: number
  /** A stream whose client does not read it is cut when this much is waiting. */
  readonly maxUnsentBytes: number
  /** What waits for all clients that do not read, together: beyond it those are cut that stand still longest. */
  readonly maxUnsentBytesTotal: number
  /** A client that takes nothing of what waits for it is cut after so long. */
  readonly unsentStallMs: number
  /** The `retry` hint for clients that poll or resume. */
  readonly retryMs: number
  readonly maxReplayEventsPerSession: number
  readonly maxReplayBytesPerSession: number
  readonly maxReplayBytesTotal: number
  /** How long the events of a finished stream can still be fetched. */
  readonly replayKeepMs: number
  /** Of one client (`clientOf`). */
  readonly maxParkedPerClient: number
  readonly maxParkedTotal: number
  /** How long a call waits for the retry that brings the answers. */
  readonly parkTtlMs: number
  /** Questions that come within this time go out together. */
  readonly questionBatchMs: number
  /** Legacy: how long a server-to-client request waits for its answer. */
  readonly questionTimeoutMs: number
  /** `subscriptions/listen` of one client (`clientOf`). */
  readonly maxListensPerClient: number
  readonly maxListensTotal: number
  /** Resolution of all of the above. */
  readonly tickMs: number
}

export const DEFAULT_CLIENT_LIMITS: ClientLimits = {
  maxBodyBytes: 8 * 1024 * 1024,
  maxBodyBytesTotal: 256 * 1024 * 1024,
  bodyTimeoutMs: 30_000,
  maxBatchCount: 100,
  maxLineBytes: 16 * 1024 * 1024,
  sseUpgradeMs: 500,
  modernSseUpgradeMs: 5_000,
  keepAliveMs: 15_000,
  maxUnsentBytes: 16 * 1024 * 1024,
  maxUnsentBytesTotal: 256 * 1024 * 1024,
  unsentStallMs: 120_000,
  retryMs: 1_000,
  maxReplayEventsPerSession: 1_000,
  maxReplayBytesPerSession: 4 * 1024 * 1024,
  maxReplayBytesTotal: 64 * 1024 * 1024,
  replayKeepMs: 120_000,
  maxParkedPerClient: 500,
  maxParkedTotal: 5_000,
  parkTtlMs: 600_000,
  questionBatchMs: 15,
  questionTimeoutMs: 600_000,
  maxListensPerClient: 1_000,
  maxListensTotal: 10_000,
  tickMs: 100,
}
