import type { AppError } from '../base/errors.ts'
import type { Call } from './call.ts'
import type { Reply } from './reply.ts'

/** What becomes of a call that an edge can no longer wait for. */
export interface LateCall {
  /** What its client is told now. */
  readonly error: AppError
  /** What the gateway says after all; undefined: that it failed. */
  settle(reply: Reply | undefined): void
}

/** Takes over calls that are still running when an edge has to end. Must not reject: they would be cancelled, though they may run. */
export type AdoptCall = (call: Call) => Promise<LateCall>
