import type { Now } from '../base/clock.ts'
import type { KeyValue } from './key-value.ts'

/** A write that waits for its store. */
type Waiting =
  | {
      readonly kind: 'set'
      readonly value: string
      /** Milliseconds since 1970; Infinity: never. */
      expiresAt: number
      /** Only over an entry that is there; otherwise unconditionally: it is ours. */
      readonly over: boolean
    }
  | { readonly kind: 'touch'; expiresAt: number }
  | { readonly kind: 'delete' }

/** Writes that wait, one per key: a later one replaces or changes the earlier one. */
export interface WriteQueue {
  readonly size: number
  /** Characters of keys and values that wait. */
  readonly bytes: number
  peek(key: string): Waiting | undefined
  /** False if the condition does not hold, as far as that is known here. */
  set(key: string, value: string, ttlMs: number | undefined, when?: 'absent' | 'present'): boolean
  /** False if the entry is known to be gone. */
  delete(key: string): boolean
  touch(key: string, ttlMs: number): boolean
  /** Writes the oldest ones, many at once. How many; rejects at the first failure, and keeps what was not written. */
  flush(store: KeyValue): Promise<number>
}

/** How many writes go out at once. */
const BATCH = 200

export function createWriteQueue(now: Now): WriteQueue {
  const waiting = new Map<string, Waiting>()
  let bytes = 0

  function peek(key: string): Waiting | undefined {
    const found = waiting.get(key)
    if (found === undefined || found.kind === 'delete' || found.expiresAt > now()) return found
    remove(key, found)
    return undefined
  }

  function put(key: string, write: Waiting): void {
    const replaced = waiting.get(key)
    if (replaced !== undefined) remove(key, replaced)
    waiting.set(key, write)
    bytes += sizeOf(key, write)
  }

  function remove(key: string, write: Waiting): void {
    if (waiting.get(key) !== write) return
    waiting.delete(key)
    bytes -= sizeOf(key, write)
  }

  function expiry(ttlMs: number | undefined): number {
    return ttlMs === undefined ? Infinity : now() + ttlMs
  }

  return {
    get size() {
      return waiting.size
    },
    get bytes() {
      return bytes
    },
    peek,

    set(key, value, ttlMs, when) {
      const found = peek(key)
      if (when === 'absent' && found !== undefined && found.kind !== 'delete') return false
      if (when === 'present' && found?.kind === 'delete') return false
      // What waits to be made is not there yet to be written over.
      const over = when === 'present' && !(found?.kind === 'set' && !found.over)
      put(key, { kind: 'set', value, expiresAt: expiry(ttlMs), over })
      return true
    },

    delete(key) {
      const found = peek(key)
      if (found?.kind === 'delete') return false
      // Though it was made here it may have been stored: the answer of the store may have been lost.
      put(key, { kind: 'delete' })
      return true
    },

    touch(key, ttlMs) {
      const found = peek(key)
      if (found?.kind === 'delete') return false
      if (found === undefined) put(key, { kind: 'touch', expiresAt: expiry(ttlMs) })
      else found.expiresAt = expiry(ttlMs)
      return true
    },

    async flush(store) {
      const batch = [...waiting.entries()].slice(0, BATCH)
      const results = await Promise.allSettled(
        batch.map(async ([key, write]) => {
          const { expiresAt } = { expiresAt: Infinity, ...write }
          await writeTo(store, key, write, expiresAt - now())
          // Changed meanwhile: it has to be written again.
          const later = write.kind !== 'delete' && write.expiresAt !== expiresAt
          if (!later) remove(key, write)
        }),
      )
      for (const result of results) if (result.status === 'rejected') throw result.reason
      return batch.length
    },
  }
}

async function writeTo(
  store: KeyValue,
  key: string,
  write: Waiting,
  lifeMs: number,
): Promise<void> {
  if (lifeMs <= 0) return
  const ttl = lifeMs === Infinity ? {} : { ttlMs: lifeMs }
  switch (write.kind) {
    case 'set':
      await store.set(key, write.value, write.over ? { ...ttl, when: 'present' } : ttl)
      return
    case 'touch':
      await store.touch(key, lifeMs)
      return
    case 'delete':
      await store.delete(key)
  }
}

function sizeOf(key: string, write: Waiting): number {
  return key.length + (write.kind === 'set' ? write.value.length : 0)
}
