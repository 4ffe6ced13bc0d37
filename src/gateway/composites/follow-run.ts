import { setTimeout as sleep } from 'node:timers/promises'
import { isAppError, type AppError } from '../../base/errors.ts'
import type { Call } from '../../mcp/call.ts'
import type { Reply } from '../../mcp/reply.ts'
import { isStoreAway } from '../../storage/store-away.ts'
import { workflowErrors } from '../../workflow/errors.ts'
import { gatewayErrors } from '../errors.ts'
import { keyOf } from '../keyed-calls/idempotency-key.ts'

export interface FollowOptions {
  readonly call: Call
  readonly run: string
  /** Waits for the end of the run, wherever it goes on. */
  readonly wait: () => Promise<Reply>
  readonly cancelRun: (reason: string) => Promise<unknown>
  /** True once this process leaves its runs to the next: a client that is cut off has not cancelled them. */
  readonly isClosing: () => boolean
}

/** How long a store may be away before the caller hears that nobody knows how its run ends, in milliseconds. */
const PATIENCE_MS = 60_000
const AGAIN_MS = 250
/** What took longer than the store takes to fail was with a store that answered. */
const ANSWERED_MS = 10_000

/**
 * For the caller of a run that another process has taken over: how it ends there is the answer. Nobody is told to call anew, as
 * that would be another run; where nobody can say how it ends, the outcome is unknown.
 */
export async function followRun(options: FollowOptions): Promise<Reply> {
  const { call, run, wait, isClosing } = options
  const { cancellation } = call
  const unlink = cancellation.onCancel((reason) => {
    if (!isClosing()) options.cancelRun(reason).catch(() => {})
  })
  let awaySince = Infinity
  try {
    for (;;) {
      if (cancellation.cancelled) throw unknownOutcome(call, run, cancellation.reason ?? '')
      const startedAt = performance.now()
      try {
        const reply = await wait()
        // A legacy client has no way to come back.
        if (reply.kind !== 'input' || call.client.era === 'modern') return reply
      } catch (error) {
        if (isAppError(error, GONE)) throw unknownOutcome(call, run, 'it is not kept any more')
        if (!isStoreAway(error)) throw error
        const isNew = performance.now() - startedAt > ANSWERED_MS
        awaySince = isNew ? startedAt : Math.min(awaySince, startedAt)
        if (performance.now() - awaySince > PATIENCE_MS) {
          throw unknownOutcome(call, run, 'it goes on in another process, and the store is away')
        }
      }
      await sleep(AGAIN_MS, undefined, { ref: false })
    }
  } finally {
    unlink()
  }
}

/** What the caller of a run hears where this process cannot tell how it ends. */
export function unknownOutcome(call: Call, run: string, reason: string): AppError {
  return workflowErrors.RUN_OUTCOME_UNKNOWN({
    run,
    reason,
    ran: 'unknown',
    idempotencyKey: keyOf(call),
  })
}

const GONE = gatewayErrors.RUN_GONE({ run: '' }).code
