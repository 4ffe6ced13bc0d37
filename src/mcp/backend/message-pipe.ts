import type { AppError } from '../../base/errors.ts'
import type { PendingCall } from './pending-call.ts'

/** A way for messages both ways at once: the stdio of a process, or the SSE transport of 2024-11-05. */
export interface MessagePipe {
  readonly transport: 'stdio' | 'sse'
  /**
   * Sends one message, that of `call` if it is a request; a call that cannot be delivered is rejected. Returns nothing if
   * it is on its way in order, or a promise if the order is only sure once that has resolved. Never throws, never rejects.
   */
  send(body: string, call?: PendingCall): Promise<void> | undefined
  /** Bytes that wait to be sent. */
  readonly unsentBytes: number
  /** Set by the reader, before it gives control back to the loop. */
  onMessage: (message: Buffer) => void
  /** Called once with what calls in flight fail with; not after `close()`. */
  onEnd: (error: AppError) => void
  close(): Promise<void>
}
