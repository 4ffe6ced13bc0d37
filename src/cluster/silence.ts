import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../telemetry/logger.ts'
import type { Replica } from './replica.ts'

/** How a silence ended: it answers again, or it is certain that it is dead. */
export type SilenceEnd = 'alive' | 'dead'

/**
 * Replicas that do not answer now. One of them may be dead or only stand still, which its entry in the store tells after a while;
 * until then what lives there can neither be used nor be taken over, and nothing is to be sent there.
 */
export interface Silence {
  /** Undefined: nothing speaks against sending something there. One that is not known is looked for first. */
  of(replica: Replica): Promise<SilenceEnd> | undefined
  /** It owes an answer: asks it whether it is there, until that is known. Never rejects. */
  look(replica: Replica): Promise<SilenceEnd>
  /** Looks no more; who waits hears nothing. */
  close(): void
}

export interface SilenceOptions {
  /** See `Directory.signOf`; takes as long as a ping at most. */
  readonly signOf: (replica: Replica) => Promise<SilenceEnd | 'silent'>
  /** It had an entry at the last beat. */
  readonly isKnown: (id: string) => boolean
  /** It is dead: from now on it is not known, unless it comes back. See `Directory.bury`. */
  readonly bury: (id: string) => Promise<void>
  readonly log: Logger
}

/** Between two pings of a replica that did not answer. */
const AGAIN_MS = 250

export function createSilence({ signOf, isKnown, bury, log }: SilenceOptions): Silence {
  const looks = new Map<string, Promise<SilenceEnd>>()
  const silent = new Set<string>()
  let closed = false

  async function lookAt(replica: Replica): Promise<SilenceEnd> {
    const { id } = replica
    for (;;) {
      const sign = await signOf(replica)
      if (closed) return new Promise(() => {})
      if (sign !== 'silent') {
        if (sign === 'dead') await bury(id)
        looks.delete(id)
        if (silent.delete(id)) log.info({ replica: id, sign }, 'The silence of a replica is over')
        return sign
      }
      if (!silent.has(id)) {
        log.warn({ replica: id }, 'A replica does not answer: what lives there has to wait')
        silent.add(id)
      }
      await sleep(AGAIN_MS, undefined, { ref: false })
    }
  }

  function look(replica: Replica): Promise<SilenceEnd> {
    let running = looks.get(replica.id)
    if (running === undefined) {
      running = lookAt(replica)
      looks.set(replica.id, running)
    }
    return running
  }

  return {
    of: (replica) => (silent.has(replica.id) || !isKnown(replica.id) ? look(replica) : undefined),
    look,
    close() {
      closed = true
    },
  }
}
