import { inTime } from '../base/in-time.ts'
import { gatewayErrors } from '../gateway/errors.ts'
import type { KeyedCalls } from '../gateway/keyed-calls.ts'
import type { OperationalConfig } from '../gateway/config.ts'
import type { AdoptCall } from '../mcp/late-call.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Composites } from './open-composites.ts'
import type { ClientSide } from './client-side.ts'
import type { Fleet } from './create-fleet.ts'

/** How long each part of the way out may take, in milliseconds. */
export interface LeavePlan {
  /** Serving on, while load balancers notice that `/readyz` says no. */
  readonly delayMs: number
  /** Waiting for calls in flight, taking no new sessions. */
  readonly timeoutMs: number
  /** Waiting for what is still unanswered, whose clients have been told. */
  readonly lateMs: number
}

/**
 * Fits the way out into the time until the process is killed. Without a grace period nobody knows when that is: then only
 * what the file says is waited for.
 */
export function leavePlan(drain: OperationalConfig['drain']): LeavePlan {
  const { delayMs, timeoutMs, gracePeriodMs, headroomMs } = drain
  if (gracePeriodMs === undefined) return { delayMs, timeoutMs, lateMs: 0 }
  const left = Math.max(0, gracePeriodMs - headroomMs - delayMs)
  const waitMs = Math.min(timeoutMs, left)
  return { delayMs, timeoutMs: waitMs, lateMs: left - waitMs }
}

export interface LeaveParts {
  readonly plan: LeavePlan
  readonly clients: ClientSide
  readonly keyed: KeyedCalls
  /** Other replicas, who go on with what lives here. */
  readonly fleet: Pick<Fleet, 'handOver' | 'served'> | undefined
  readonly composites: Pick<Composites, 'drain' | 'leave'>
  readonly log: Logger
}

/** Leaves in order: everything that clients wait for is answered, or they are told how they can have it. */
export async function leave({
  plan,
  clients,
  keyed,
  composites,
  fleet,
  log,
}: LeaveParts): Promise<void> {
  const { delayMs, timeoutMs, lateMs } = plan
  if (delayMs > 0) {
    log.info({ delayMs }, 'Not ready any more; still serving while load balancers notice')
    await new Promise((resolve) => setTimeout(resolve, delayMs))
  }
  await fleet?.handOver()
  let late = 0
  const adopt: AdoptCall = async (call) => {
    late++
    const { key, known, settle } = keyed.adopt(call)
    const isKnown = await inTime(known, Math.min(lateMs, KNOWN_MS)).catch((error: unknown) => {
      log.warn({ err: error }, 'The answer of a call that takes too long cannot be kept')
      return false
    })
    return {
      error: gatewayErrors.OUTCOME_UNKNOWN({
        idempotencyKey: key,
        reason: 'this replica is shutting down and the call has not been answered',
        fetchableMs: isKnown ? keyed.keepMs : 0,
      }),
      settle: (reply) => void settle(reply),
    }
  }
  const drained = clients.drain(timeoutMs, adopt)
  // Who waits for a run hears that it goes on, before the streams end. Clients of other replicas wait for what runs here as well.
  await inTime(Promise.all([drained, composites.drain(), fleet?.served()]), timeoutMs - RUNS_MS)
  await composites.leave(RUNS_MS / 2)
  await drained
  if (late > 0) log.warn({ calls: late, lateMs }, 'Calls took longer than the drain')
  await keyed.settled(lateMs)
}

/** How long a client waits, when the time for its call is over, to hear whether the answer can be fetched. */
const KNOWN_MS = 2_000
/** What the end of runs may take of the drain. */
const RUNS_MS = 1_000
