import type { Now } from '../../base/clock.ts'
import { byBytes } from '../by-bytes.ts'
import { storageErrors } from '../errors.ts'
import type { Condition, KeyedEntry, KeyValue } from '../key-value.ts'

interface Row {
  value: string
  version: number
  /** Milliseconds since 1970; Infinity: never. */
  expiresAt: number
}

export interface MemoryKeyValueOptions {
  readonly now: Now
  /** Pause between two sweeps of expired entries; an expired entry is absent before that already. */
  readonly sweepIntervalMs?: number
}

/** A store that ends with the process. */
export function createMemoryKeyValue(options: MemoryKeyValueOptions): KeyValue {
  const { now } = options
  const rows = new Map<string, Row>()
  let version = 0
  let closed = false
  const sweeper = setInterval(sweep, options.sweepIntervalMs ?? 30_000)
  sweeper.unref()

  return {
    async get(key) {
      const row = live(key)
      return row && { value: row.value, version: row.version }
    },

    async set(key, value, { ttlMs, when } = {}) {
      if (!allows(live(key), when)) return undefined
      version += 1
      rows.set(key, { value, version, expiresAt: expiry(ttlMs) })
      return version
    },

    async delete(key, when) {
      return allows(live(key), when ?? 'present') && rows.delete(key)
    },

    async touch(key, ttlMs, when) {
      return prolong(key, ttlMs, when)
    },

    async touchMany(touches) {
      return touches.map(({ key, ttlMs }) => prolong(key, ttlMs))
    },

    async *scan(prefix) {
      checkOpen()
      const keys = [...rows.keys()].filter((key) => key.startsWith(prefix)).sort(byBytes)
      for (const key of keys) {
        const row = live(key)
        if (row) yield { key, value: row.value, version: row.version } satisfies KeyedEntry
      }
    },

    async close() {
      closed = true
      clearInterval(sweeper)
      rows.clear()
    },
  }

  function live(key: string): Row | undefined {
    checkOpen()
    const row = rows.get(key)
    if (!row || row.expiresAt > now()) return row
    rows.delete(key)
    return undefined
  }

  function prolong(key: string, ttlMs: number, when?: { readonly version: number }): boolean {
    const row = live(key)
    if (row === undefined || !allows(row, when)) return false
    row.expiresAt = expiry(ttlMs)
    return true
  }

  function expiry(ttlMs: number | undefined): number {
    return ttlMs === undefined ? Infinity : now() + ttlMs
  }

  function sweep(): void {
    const time = now()
    for (const [key, row] of rows) if (row.expiresAt <= time) rows.delete(key)
  }

  function checkOpen(): void {
    if (closed) throw storageErrors.CLOSED({ store: 'memory' })
  }
}

function allows(row: Row | undefined, when: Condition | undefined): boolean {
  if (when === undefined) return true
  if (when === 'absent') return row === undefined
  if (when === 'present') return row !== undefined
  return row?.version === when.version
}
