import { setTimeout as sleep } from 'node:timers/promises'
import { isAppError } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'
import type { Delivery } from '../mcp/edge-peers.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Replica } from './replica.ts'

export interface TellSurelyOptions<Message> {
  /** Rejects while the store is away. */
  readonly find: (id: string) => Promise<Replica | undefined>
  /** Rejects with CLUSTER_LINK. */
  readonly tell: (to: Replica, message: Message) => Promise<JsonObject>
  readonly times?: Partial<TellTimes>
  readonly log: Logger
}

export interface TellTimes {
  /** So long who hands it over waits, milliseconds. */
  readonly patienceMs: number
  /** So long it is tried all in all: a replica that stood still may go on. */
  readonly keepTryingMs: number
  /** Between two tries. */
  readonly againMs: number
}

const TIMES: TellTimes = { patienceMs: 12_000, keepTryingMs: 60_000, againMs: 250 }
/** Messages that are tried again, each as large as a client may send: beyond that there is one try. */
const MAX_WAITING = 200

export interface TellSurely<Message> {
  /**
   * `mayComeTwice`: that does no harm, so it is tried again though it may have arrived. `silent` after `patienceMs`; it may arrive
   * later. Never rejects.
   */
  tell(to: string, message: Message, mayComeTwice: boolean): Promise<Delivery>
  /** Tries no more. */
  close(): void
}

/** Tells single replicas, again and again while they stand still. */
export function createTellSurely<Message>(
  options: TellSurelyOptions<Message>,
): TellSurely<Message> {
  const { find, tell, log } = options
  const { patienceMs, keepTryingMs, againMs } = { ...TIMES, ...options.times }
  let waiting = 0
  let closed = false

  async function attempt(to: string, message: Message, mayComeTwice: boolean): Promise<Delivery> {
    const until = performance.now() + keepTryingMs
    let replica: Replica | undefined
    for (;;) {
      try {
        replica ??= await find(to)
        if (replica === undefined) return 'gone'
        const { delivered } = await tell(replica, message)
        return delivered === true ? 'taken' : 'unwanted'
      } catch (error) {
        log.debug({ replica: to, err: error }, 'Cannot hand a message on')
        if (isAppError(error, 'CLUSTER_LINK')) {
          if (error.details['refused'] === true) return 'gone'
          if (error.details['sent'] === true && !mayComeTwice) return 'silent'
        }
      }
      if (closed || performance.now() > until || waiting > MAX_WAITING) return 'silent'
      await sleep(againMs, undefined, { ref: false })
    }
  }

  return {
    async tell(to, message, mayComeTwice) {
      waiting++
      const attempted = attempt(to, message, mayComeTwice).finally(() => waiting--)
      const { promise, resolve } = Promise.withResolvers<Delivery>()
      const timer = setTimeout(resolve, patienceMs, 'silent').unref()
      void attempted.then(resolve)
      try {
        return await promise
      } finally {
        clearTimeout(timer)
      }
    },
    close() {
      closed = true
    },
  }
}
