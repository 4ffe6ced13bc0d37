import { inTime } from '../base/in-time.ts'
import { gatewayErrors } from '../gateway/errors.ts'
import type { KeyedCalls } from '../gateway/keyed-calls.ts'
import type { OperationalConfig } from '../gateway/config.ts'
import type { AdoptCall } from '../mcp/late-call.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Composites } from './open-composites.ts'
import type { ClientSide } from './client-side.ts'
import type { Fleet } from './create-fleet.ts'

type Drain = OperationalConfig['drain']

/** How long each part of the way out may take, in milliseconds, whatever the store and the backends do. */
export interface LeavePlan {
  /** Serving on, while load balancers notice that `/readyz` says no. */
  readonly delayMs: number
  /** Waiting for calls in flight, taking no new sessions. */
  readonly timeoutMs: number
  /** Waiting for what is still unanswered, whose clients have been told. 0: it is not waited for. */
  readonly lateMs: number
  /** Closing everything. */
  readonly closeMs: number
}

/** When a process that was told to end has ended, milliseconds from then on. Undefined: nobody said when it is killed. */
export function endsWithinMs({ gracePeriodMs, headroomMs }: Drain): number | undefined {
  return gracePeriodMs === undefined ? undefined : Math.max(0, gracePeriodMs - headroomMs)
}

/**
 * Fits the way out into the time until the process is killed. Without a grace period nobody knows when that is: then only
 * what the file says is waited for.
 */
export function leavePlan(drain: Drain): LeavePlan {
  const { delayMs, timeoutMs } = drain
  const endMs = endsWithinMs(drain)
  if (endMs === undefined) return { delayMs, timeoutMs, lateMs: 0, closeMs: UNTOLD_CLOSE_MS }
  const leftMs = Math.max(0, endMs - delayMs)
  const closeMs = Math.min(CLOSE_MS, Math.floor(leftMs / 4))
  // The last of it, the exit itself, is nobody's.
  const exitMs = Math.min(EXIT_MS, Math.floor(leftMs / 10))
  const callsMs = leftMs - closeMs - exitMs
  const waitMs = Math.min(timeoutMs, callsMs - Math.min(TELL_MS, Math.floor(callsMs / 4)))
  return { delayMs, timeoutMs: waitMs, lateMs: callsMs - waitMs, closeMs }
}

const CLOSE_MS = 2_000
const UNTOLD_CLOSE_MS = 10_000
const EXIT_MS = 200
/** Kept of the time for calls: clients are told, and the store is told what became of their calls. */
const TELL_MS = 1_000

export interface LeaveParts {
  readonly plan: LeavePlan
  readonly clients: ClientSide
  readonly keyed: KeyedCalls
  /** Other replicas, who go on with what lives here. */
  readonly fleet: Pick<Fleet, 'handOver' | 'served'> | undefined
  readonly composites: Pick<Composites, 'drain' | 'leave'>
  readonly log: Logger
}

/**
 * Leaves in order: everything that clients wait for is answered, or they are told how they can have it. All parts have one time
 * together: what one takes the next has not, and none is waited for beyond it.
 */
export async function leave({
  plan,
  clients,
  keyed,
  composites,
  fleet,
  log,
}: LeaveParts): Promise<void> {
  const { delayMs, timeoutMs, lateMs, closeMs } = plan
  const answeredBy = performance.now() + delayMs + timeoutMs
  // Where nothing late is waited for, a part that does not end may take half of what closing may.
  const endBy = answeredBy + (lateMs > 0 ? lateMs : closeMs / 2)
  if (delayMs > 0) {
    log.info({ delayMs }, 'Not ready any more; still serving while load balancers notice')
    await new Promise((resolve) => setTimeout(resolve, delayMs))
  }
  await inTime(fleet?.handOver() ?? DONE, Math.min(HAND_OVER_MS, timeoutMs / 4))
  let late = 0
  const adopt: AdoptCall = async (call) => {
    late++
    const { key, known, settle } = keyed.adopt(call)
    const waitMs = lateMs > 0 ? Math.min(leftUntil(endBy) / 2, KNOWN_MS) : 0
    const isKnown = await inTime(known, waitMs).catch((error: unknown) => {
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
  const drained = clients.drain(leftUntil(answeredBy), adopt)
  // Who waits for a run hears that it goes on, before the streams end. Clients of other replicas wait for what runs here as well.
  const answered = Promise.all([drained, composites.drain(), fleet?.served()])
  await inTime(answered, leftUntil(answeredBy) - RUNS_MS)
  const runsLeft = composites.leave(RUNS_MS / 2).catch((error: unknown) => {
    log.warn({ err: error }, 'Cannot leave the runs of composite tools in order')
  })
  await inTime(Promise.all([drained, runsLeft]), leftUntil(endBy))
  if (late > 0) log.warn({ calls: late, lateMs }, 'Calls took longer than the drain')
  const sayMs = Math.min(SAY_MS, Math.max(0, leftUntil(endBy)) / 2)
  await keyed.settled(lateMs > 0 ? leftUntil(endBy) - sayMs : 0, sayMs)
}

function leftUntil(at: number): number {
  return Math.max(0, at - performance.now())
}

const DONE = Promise.resolve()
/** How long others may take to hear that they go on with what lives here; what takes longer goes on beside the rest. */
const HAND_OVER_MS = 1_000
/** How long a client waits, when the time for its call is over, to hear whether the answer can be fetched. */
const KNOWN_MS = 2_000
/** What the end of runs may take of the drain. */
const RUNS_MS = 1_000
/** How long the store may take at the end to hear what became of calls. */
const SAY_MS = 1_000
