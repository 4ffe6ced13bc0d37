import type { KeyValue } from './key-value.ts'

/** A name that is ours for a while. */
export interface Lease {
  readonly name: string
  /**
   * Greater than that of every earlier lease of this name, also when those expired or were released: what the owner writes
   * elsewhere can carry it, and whoever sees a greater one knows that the owner was replaced.
   */
  readonly fence: number
}

export type Acquired =
  | { readonly kind: 'acquired'; readonly lease: Lease }
  | { readonly kind: 'held'; readonly by: string }

/** Who may do what only one may do at a time, across all processes that share the store. */
export interface Leases {
  /**
   * Takes the name for so many milliseconds unless another owner holds it. The same owner, come again after a restart, gets a
   * new lease; its earlier one is void.
   */
  acquire(name: string, owner: string, ttlMs: number): Promise<Acquired>
  /** Gives a lease that is still ours a new life from now on. False: it is lost; stop what it was for. */
  renew(lease: Lease, ttlMs: number): Promise<boolean>
  /** Lets others have the name at once. False: it was ours no more. */
  release(lease: Lease): Promise<boolean>
}

/**
 * Leases as entries of a key-value store, whose versions are the fences: they only grow, whatever expires or is deleted.
 * `keyPrefix` keeps the names apart from other keys of the store.
 */
export function createLeases(store: KeyValue, keyPrefix: string): Leases {
  async function acquire(name: string, owner: string, ttlMs: number): Promise<Acquired> {
    const key = keyPrefix + name
    const found = await store.get(key)
    if (found !== undefined && found.value !== owner) return { kind: 'held', by: found.value }
    const when = found === undefined ? 'absent' : { version: found.version }
    const fence = await store.set(key, owner, { ttlMs, when })
    // Somebody was quicker, or the entry expired in between: look again.
    if (fence === undefined) return acquire(name, owner, ttlMs)
    return { kind: 'acquired', lease: { name, fence } }
  }

  return {
    acquire,
    renew: ({ name, fence }, ttlMs) => store.touch(keyPrefix + name, ttlMs, { version: fence }),
    release: ({ name, fence }) => store.delete(keyPrefix + name, { version: fence }),
  }
}
