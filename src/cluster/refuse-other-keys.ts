import { setTimeout as sleep } from 'node:timers/promises'
import type { Directory } from './directory.ts'
import { clusterErrors } from './errors.ts'
import type { Replica, Sign } from './replica.ts'

/** `denied`: somebody is there who has another key. `stranger`: somebody who is not that replica, or does not know us. */
export type Answer = Sign | 'denied' | 'stranger'

export interface OtherKeysOptions {
  readonly self: Replica
  readonly keyPrefix: string
  readonly directory: Pick<Directory, 'present'>
  readonly ask: (replica: Replica) => Promise<Answer>
  /** Life of an entry whose replica is dead, milliseconds. */
  readonly patienceMs: number
}

const AGAIN_MS = 250

/**
 * Replicas without a common key would take each other for dead, or begin anew what the others have. Rejects with CLUSTER_OTHER_KEY
 * if one of those who live has none of our keys; one that has just died is waited for.
 */
export async function refuseOtherKeys(options: OtherKeysOptions): Promise<void> {
  const { self, keyPrefix, directory, ask } = options
  const until = performance.now() + options.patienceMs
  for (;;) {
    const present = await directory.present()
    const strange = present.filter(({ keys = [] }) => keys.length > 0 && !shares(self, keys))
    const signs = await Promise.all(strange.map(ask))
    const left = strange.filter((_, index) => signs[index] !== 'refused')
    const [first] = left
    if (first === undefined) return
    // What does not answer as it should may be dead: its entry is gone in a while.
    const lives = strange.find((_, index) => signs[index] === 'denied' || signs[index] === 'alive')
    if (lives !== undefined || performance.now() > until) {
      const { id, url } = lives ?? first
      throw clusterErrors.OTHER_KEY({ replica: id, url, keyPrefix })
    }
    await sleep(AGAIN_MS)
  }
}

function shares({ keys: own = [] }: Replica, keys: readonly string[]): boolean {
  return own.some((key) => keys.includes(key))
}
