import type { AppError } from '../../base/errors.ts'
import { mcpErrors } from '../errors.ts'

/** Why a pipe ended: there never was a peer, it went away, or it sent what we cannot take. */
export interface PipeEnd {
  readonly kind: 'unreachable' | 'gone' | 'protocol'
  readonly reason: string
}

/** A way for messages both ways at once: the stdio of a process, or the SSE transport of 2024-11-05. */
export interface MessagePipe {
  readonly transport: 'stdio' | 'sse'
  /** Sends one message. Never throws; what cannot be delivered ends the pipe. */
  send(body: string): void
  /** Bytes that wait to be sent. */
  readonly unsentBytes: number
  /** Set by the reader, before it gives control back to the loop. */
  onMessage: (message: Buffer) => void
  /** Called once; not after `close()`. */
  onEnd: (end: PipeEnd) => void
  close(): Promise<void>
}

/** The end of a pipe as the error of the calls that were in flight. */
export function pipeError(backend: string, end: PipeEnd): AppError {
  const { reason } = end
  switch (end.kind) {
    case 'unreachable':
      return mcpErrors.BACKEND_UNREACHABLE({ backend, reason, ran: 'no' })
    case 'gone':
      return mcpErrors.BACKEND_GONE({ backend, reason, ran: 'unknown' })
    case 'protocol':
      return mcpErrors.BACKEND_PROTOCOL({ backend, reason, ran: 'unknown' })
  }
}
