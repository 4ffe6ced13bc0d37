import type { Readable, Writable } from 'node:stream'
import type { Now } from '../base/clock.ts'
import type { NewId } from '../base/ids.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Principal } from './caller.ts'
import { DEFAULT_CLIENT_LIMITS } from './client-limits.ts'
import type { ClientLimits } from './client-limits.ts'
import { createContext } from './client/context.ts'
import { StdioConversation } from './client/stdio-conversation.ts'
import type { GatewayPort } from './gateway-port.ts'
import type { Implementation } from './messages.ts'

export interface StdioEdgeOptions {
  readonly port: GatewayPort
  readonly info: Implementation
  /** Who is at the other end: whoever started the process. */
  readonly principal: Principal
  readonly input: Readable
  readonly output: Writable
  readonly limits?: Partial<ClientLimits>
  /** 32 bytes; any will do that live as long as the process. */
  readonly stateKey: Buffer
  readonly newId: NewId
  readonly now: Now
  readonly log: Logger
  /** After the end of the input, how long calls in flight may still take. Default 2000. */
  readonly graceMs?: number
}

/** One client on stdin and stdout, in either era. */
export interface StdioEdge {
  /** Resolves when the input has ended, calls in flight are answered or cancelled, and the output is written. */
  readonly done: Promise<void>
  /** Lets calls in flight finish, `graceMs` at the longest, and ends the conversation. */
  drain(graceMs: number): Promise<void>
  /** Cancels what is running and ends the conversation. */
  close(): Promise<void>
}

/** Serves newline-delimited JSON-RPC (all revisions, "stdio"). Reads at once; does not close the streams. */
export function createStdioEdge(options: StdioEdgeOptions): StdioEdge {
  const { principal, input, output, graceMs = 2_000 } = options
  const context = createContext({
    ...options,
    limits: { ...DEFAULT_CLIENT_LIMITS, ...options.limits },
  })
  const conversation = new StdioConversation(context, { principal, input, output, graceMs })
  return {
    done: conversation.run(),
    drain: (ms) => conversation.drain(ms),
    close: () => conversation.close(),
  }
}
