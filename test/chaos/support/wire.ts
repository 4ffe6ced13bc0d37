import type { RawMessage } from '../../support/raw-mcp.ts'

/** What a client asks for: a method with its params. */
export interface Request {
  readonly method: string
  readonly params: Readonly<Record<string, unknown>>
}

/** What came back for one attempt. */
export interface Answer {
  /** Of HTTP. */
  readonly status: number
  readonly retryAfterMs: number | undefined
  /** Result or error; undefined where the body had none. */
  readonly message: RawMessage | undefined
}

/** A client of one kind, connected or not. */
export interface Caller {
  /** `legacy-raw`, `modern-sdk`, … */
  readonly kind: string
  /** Whether it has a session that can die. */
  readonly hasSession: boolean
  /** Begins: for a legacy client a session, also after it lost one. */
  open(signal: AbortSignal): Promise<void>
  /** Rejects when the connection breaks before the answer is whole, or `signal` says so. */
  send(request: Request, signal: AbortSignal): Promise<Answer>
  close(): Promise<void>
}
