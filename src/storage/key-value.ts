/** A value with the version its last write gave it. Versions only grow; one is never used twice within a store. */
export interface Entry {
  readonly value: string
  readonly version: number
}

export interface KeyedEntry extends Entry {
  readonly key: string
}

/** When a write may happen: only if there is no live entry, only if there is one, or only if nobody wrote since. */
export type Condition = 'absent' | 'present' | { readonly version: number }

export interface SetOptions {
  /** Life from now on in milliseconds; absent: for ever. A write without it removes an expiry set before. */
  readonly ttlMs?: number
  readonly when?: Condition
}

export interface Touch {
  readonly key: string
  readonly ttlMs: number
}

/**
 * Small records under string keys, with compare-and-set and expiry. An expired entry is absent for every operation.
 * Rejects with an AppError of `storage/errors.ts` when the store itself fails. The implementations pass
 * `testing/key-value.testsuite.ts`.
 */
export interface KeyValue {
  get(key: string): Promise<Entry | undefined>
  /** The new version, or undefined if the condition did not hold and nothing was written. */
  set(key: string, value: string, options?: SetOptions): Promise<number | undefined>
  /** True if there was a live entry (of that version) and it is gone now. */
  delete(key: string, when?: { readonly version: number }): Promise<boolean>
  /** Gives a live entry (of that version) a new life from now on; its version stays. False if there is none. */
  touch(key: string, ttlMs: number, when?: { readonly version: number }): Promise<boolean>
  /** `touch` for many, in one go: one transaction, one round trip. The answers in the order of the touches. */
  touchMany(touches: readonly Touch[]): Promise<boolean[]>
  /** All live entries whose key starts with the prefix, by key. Entries written meanwhile may or may not appear. */
  scan(prefix: string): AsyncIterable<KeyedEntry>
  /** Frees what the store holds. Every later operation rejects with STORAGE_CLOSED. May be called twice. */
  close(): Promise<void>
}
