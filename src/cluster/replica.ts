import { randomHex } from '../base/ids.ts'

/** One process of a gateway that shares its store with others. A process that starts again is another replica. */
export interface Replica {
  /** Letters and digits: it is part of other ids. */
  readonly id: string
  /** Where its link listens, without a path. */
  readonly url: string
  /** Names of the keys it has, see `LinkKey`; none: it does not say. */
  readonly keys?: readonly string[]
}

/** A new id for this process. */
export function newReplicaId(): string {
  return `r${randomHex(5)}`
}

/** What one replica knows of another: `refused`: nobody, or somebody else, listens there. `silent`: it does not answer. */
export type Sign = 'alive' | 'refused' | 'silent'

/** Its entry in the store. */
export function writeReplica({ url, keys = [] }: Replica): string {
  return [url, ...keys].join(' ')
}

export function readReplica(id: string, entry: string): Replica {
  const [url = '', ...keys] = entry.split(' ')
  return keys.length === 0 ? { id, url } : { id, url, keys }
}
