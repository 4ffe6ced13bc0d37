import type { Now } from '../base/clock.ts'
import { isAppError } from '../base/errors.ts'
import { storageErrors } from './errors.ts'
import type { KeyValue, SetOptions } from './key-value.ts'
import { createWriteQueue } from './write-queue.ts'

/** What became of the store. */
export type StoreChange =
  | { readonly kind: 'down'; readonly error: unknown }
  /** `written`: how many writes had waited for it. */
  | { readonly kind: 'up'; readonly downMs: number; readonly written: number }

export interface ResilientOptions {
  readonly store: KeyValue
  /** What messages call it: `host:port`. */
  readonly name: string
  /** What becomes of new entries (`when: 'absent'`) while the store is away: kept here and written later, or refused. */
  readonly whenUnavailable: 'degrade' | 'refuse'
  readonly now: Now
  /** Bound of what waits to be written, keys and values; beyond it writes are refused. */
  readonly maxQueuedBytes?: number
  /** Pause between two looks whether the store is back, besides what `connected` says. */
  readonly probeIntervalMs?: number
  readonly onChange: (change: StoreChange) => void
}

/**
 * A key-value store that bears its absence: writes without a version are accepted (version 0: not stored yet) and done, latest
 * wins, when the store is back; what waits can be read. Everything else rejects as the store does: nothing is promised that
 * other processes could break.
 */
export interface ResilientKeyValue extends KeyValue {
  readonly isUp: boolean
  /** Writes that wait for the store. */
  readonly queuedCount: number
  /** The connection to the store was lost, or is back. */
  connected(up: boolean): void
}

const MAX_QUEUED_BYTES = 16 * 1024 * 1024
const AWAY = ['STORAGE_REDIS_AWAY', 'STORAGE_REDIS_FULL']

export function createResilientKeyValue(options: ResilientOptions): ResilientKeyValue {
  const { store, now } = options
  const queue = createWriteQueue(now)
  const maxBytes = options.maxQueuedBytes ?? MAX_QUEUED_BYTES
  let down: { readonly error: unknown; readonly sinceMs: number; written: number } | undefined
  let recovering = false
  let timer: NodeJS.Timeout | undefined
  let closed = false

  return {
    get isUp() {
      return down === undefined
    },
    get queuedCount() {
      return queue.size
    },

    get(key) {
      return attempt(
        () => store.get(key),
        (error) => {
          const waiting = queue.peek(key)
          if (waiting?.kind === 'set') return { value: waiting.value, version: 0 }
          if (waiting?.kind === 'delete') return undefined
          throw error
        },
      )
    },

    set(key, value, settings = {}) {
      return attempt(
        () => store.set(key, value, settings),
        (error) => putOff(key, value, settings, error),
      )
    },

    delete(key, when) {
      return attempt(
        () => store.delete(key, when),
        (error) => {
          if (when !== undefined) throw error
          return queue.delete(key)
        },
      )
    },

    touch(key, ttlMs, when) {
      return attempt(
        () => store.touch(key, ttlMs, when),
        (error) => {
          if (when !== undefined) throw error
          return queue.touch(key, ttlMs)
        },
      )
    },

    touchMany(touches) {
      return attempt(
        () => store.touchMany(touches),
        () => touches.map(({ key, ttlMs }) => queue.touch(key, ttlMs)),
      )
    },

    scan: (prefix) => store.scan(prefix),

    async close() {
      if (!closed && queue.size > 0 && down === undefined) await queue.flush(store).catch(() => {})
      closed = true
      clearTimeout(timer)
      await store.close()
    },

    connected(up) {
      if (closed) return
      if (up) void recover()
      else goDown(storageErrors.REDIS_AWAY({ store: options.name, reason: 'not connected' }))
    },
  }

  /** Asks the store; while it is away, and when it turns out to be, the substitute. */
  async function attempt<Result>(
    ask: () => Promise<Result>,
    substitute: (error: unknown) => Result,
  ): Promise<Result> {
    if (down !== undefined && !closed) return substitute(down.error)
    try {
      return await ask()
    } catch (error) {
      if (closed || !AWAY.some((code) => isAppError(error, code))) throw error
      goDown(error)
      return substitute(error)
    }
  }

  function putOff(
    key: string,
    value: string,
    { ttlMs, when }: SetOptions,
    error: unknown,
  ): number | undefined {
    if (typeof when === 'object') throw error
    if (when === 'absent' && options.whenUnavailable === 'refuse') throw error
    if (queue.bytes + key.length + value.length > maxBytes) throw error
    return queue.set(key, value, ttlMs, when) ? 0 : undefined
  }

  function goDown(error: unknown): void {
    if (down !== undefined) return
    down = { error, sinceMs: now(), written: 0 }
    options.onChange({ kind: 'down', error })
    lookAgain()
  }

  function lookAgain(): void {
    clearTimeout(timer)
    timer = setTimeout(() => void recover(), options.probeIntervalMs ?? 2000).unref()
  }

  /** Writes what waits; what comes meanwhile waits as well, so that nothing overtakes. */
  async function recover(): Promise<void> {
    if (down === undefined || recovering || closed) return
    recovering = true
    try {
      await store.get('probe')
      while (queue.size > 0) down.written += await queue.flush(store)
      const { sinceMs, written } = down
      down = undefined
      clearTimeout(timer)
      options.onChange({ kind: 'up', downMs: now() - sinceMs, written })
    } catch {
      if (!closed) lookAgain()
    } finally {
      recovering = false
    }
  }
}
