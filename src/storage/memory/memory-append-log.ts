import type { Now } from '../../base/clock.ts'
import type { AppendLog, AppendOptions } from '../append-log.ts'
import { byBytes } from '../by-bytes.ts'
import { storageErrors } from '../errors.ts'

interface Log {
  entries: string[]
  /** How many were dropped before them. */
  dropped: number
  /** Milliseconds since 1970; Infinity: never. */
  expiresAt: number
}

export interface MemoryAppendLogOptions {
  readonly now: Now
  /** Pause between two sweeps of expired logs; an expired log is absent before that already. */
  readonly sweepIntervalMs?: number
}

/** Logs that end with the process. */
export function createMemoryAppendLog(options: MemoryAppendLogOptions): AppendLog {
  const { now } = options
  const logs = new Map<string, Log>()
  let closed = false
  const sweeper = setInterval(sweep, options.sweepIntervalMs ?? 30_000)
  sweeper.unref()

  return {
    async append(key, entries, settings = {}) {
      const found = live(key)
      const length = lengthOf(found)
      if (settings.expectLength !== undefined && settings.expectLength !== length) return undefined
      if (found === undefined && entries.length === 0) return 0
      const log = found ?? { entries: [], dropped: 0, expiresAt: Infinity }
      logs.set(key, log)
      addTo(log, entries, settings)
      return length + entries.length
    },

    async read(key, from = 0) {
      const log = live(key)
      if (log === undefined) return { first: 0, entries: [], length: 0 }
      const length = lengthOf(log)
      const first = Math.min(Math.max(from, log.dropped), length)
      return { first, entries: log.entries.slice(first - log.dropped), length }
    },

    async delete(key) {
      return live(key) !== undefined && logs.delete(key)
    },

    async *keys(prefix) {
      checkOpen()
      const keys = [...logs.keys()].filter((key) => key.startsWith(prefix)).sort(byBytes)
      for (const key of keys) if (live(key)) yield key
    },

    async close() {
      closed = true
      clearInterval(sweeper)
      logs.clear()
    },
  }

  function live(key: string): Log | undefined {
    checkOpen()
    const log = logs.get(key)
    if (!log || log.expiresAt > now()) return log
    logs.delete(key)
    return undefined
  }

  function addTo(log: Log, entries: readonly string[], { ttlMs, keepLast }: AppendOptions): void {
    for (const entry of entries) log.entries.push(entry)
    log.expiresAt = ttlMs === undefined ? Infinity : now() + ttlMs
    const tooMany = log.entries.length - (keepLast ?? Infinity)
    if (tooMany <= 0) return
    log.entries.splice(0, tooMany)
    log.dropped += tooMany
  }

  function sweep(): void {
    const time = now()
    for (const [key, log] of logs) if (log.expiresAt <= time) logs.delete(key)
  }

  function checkOpen(): void {
    if (closed) throw storageErrors.CLOSED({ store: 'memory' })
  }
}

function lengthOf(log: Log | undefined): number {
  return log === undefined ? 0 : log.dropped + log.entries.length
}
