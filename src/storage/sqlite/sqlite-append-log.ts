import type { DatabaseSync } from 'node:sqlite'
import type { Now } from '../../base/clock.ts'
import type { AppendLog, AppendOptions } from '../append-log.ts'
import { storageErrors } from '../errors.ts'
import { openDatabase } from './database.ts'
import { inTransaction } from './in-transaction.ts'
import { toStorageError } from './sqlite-errors.ts'

export interface SqliteAppendLogOptions {
  /** A file, made with mode 0600 if it is absent; or `:memory:`. May be the one of a key-value store. */
  readonly path: string
  readonly now: Now
  /** Pause between two sweeps of expired logs; an expired log is absent before that already. */
  readonly sweepIntervalMs?: number
  /** How long a write waits for another process that holds the file. It blocks this process meanwhile: keep it short. */
  readonly lockWaitMs?: number
  /** A sweep failed (the next one tries again). */
  readonly onSweepError?: (error: unknown) => void
}

interface LogRow {
  id: number
  length: number
}

/** An append that waits for the transaction it shares with others. */
interface Waiting {
  readonly key: string
  readonly entries: readonly string[]
  readonly options: AppendOptions
  readonly resolve: (length: number | undefined) => void
  readonly reject: (error: unknown) => void
}

/**
 * Logs in one SQLite file, which several processes of one machine may share. Appends of the same turn of the event loop
 * share one transaction; each is in the file, and survives the end of the process, when its promise resolves.
 */
export async function openSqliteAppendLog(options: SqliteAppendLogOptions): Promise<AppendLog> {
  const { path, now } = options
  const lockWaitMs = options.lockWaitMs ?? 500
  const database = await openDatabase(path, lockWaitMs)
  const statements = prepare(database)
  let waiting: Waiting[] = []
  let closed = false
  const sweeper = setInterval(sweep, options.sweepIntervalMs ?? 60_000)
  sweeper.unref()

  return {
    append(key, entries, settings = {}) {
      return new Promise((resolve, reject) => {
        if (closed) return reject(storageErrors.CLOSED({ store: path }))
        if (waiting.length === 0) setImmediate(flush)
        waiting.push({ key, entries, options: settings, resolve, reject })
      })
    },

    async read(key, from = 0) {
      return run(() => {
        const log = find(key)
        if (log === undefined) return { first: 0, entries: [], length: 0 }
        const { length } = log
        const rows = statements.read.all({ log: log.id, from }) as {
          position: number
          entry: string
        }[]
        const first = rows[0]?.position ?? length
        return { first, entries: rows.map((row) => row.entry), length }
      })
    },

    async delete(key) {
      return run(() => inTransaction(database, () => remove(find(key))))
    },

    async *keys(prefix) {
      let after: string | undefined
      while (true) {
        const page = run(() =>
          statements.page.all({ from: after ?? prefix, after: after ?? null, now: now() }),
        )
        for (const row of page as { key: string }[]) {
          if (!row.key.startsWith(prefix)) return
          after = row.key
          yield row.key
        }
        if (page.length === 0) return
      }
    },

    async close() {
      if (closed) return
      flush()
      closed = true
      clearInterval(sweeper)
      database.close()
    },
  }

  function flush(): void {
    const batch = waiting
    waiting = []
    if (batch.length === 0) return
    try {
      const lengths = run(() => inTransaction(database, () => batch.map(add)))
      for (const [index, one] of batch.entries()) one.resolve(lengths[index])
    } catch (error) {
      for (const one of batch) one.reject(error)
    }
  }

  function add({ key, entries, options: { expectLength, ttlMs, keepLast } }: Waiting) {
    const found = find(key)
    const before = found?.length ?? 0
    if (expectLength !== undefined && expectLength !== before) return undefined
    if (found === undefined && entries.length === 0) return 0
    const length = before + entries.length
    const expiresAt = ttlMs === undefined ? null : now() + ttlMs
    const { id } = statements.put.get({ key, length, expiresAt }) as { id: number }
    for (const [index, entry] of entries.entries()) {
      statements.add.run({ log: id, position: before + index, entry })
    }
    if (keepLast !== undefined) statements.drop.run({ log: id, first: length - keepLast })
    return length
  }

  /** The live log; one that is over its time goes, with its entries, before anything is written under its key. */
  function find(key: string): LogRow | undefined {
    const row = statements.find.get({ key }) as (LogRow & { expires_at: number | null }) | undefined
    if (row === undefined || row.expires_at === null || row.expires_at > now()) return row
    if (database.isTransaction) remove(row)
    return undefined
  }

  function remove(log: LogRow | undefined): boolean {
    if (log === undefined) return false
    statements.deleteEntries.run({ log: log.id })
    return statements.delete.run({ log: log.id }).changes === 1
  }

  function sweep(): void {
    try {
      run(() =>
        inTransaction(database, () => {
          const expired = statements.expired.all({ now: now() }) as unknown as LogRow[]
          for (const log of expired) remove(log)
        }),
      )
    } catch (error) {
      options.onSweepError?.(error)
    }
  }

  function run<Result>(work: () => Result): Result {
    if (closed) throw storageErrors.CLOSED({ store: path })
    try {
      return work()
    } catch (error) {
      throw toStorageError(error, path, lockWaitMs)
    }
  }
}

function prepare(database: DatabaseSync) {
  return {
    find: database.prepare('SELECT id, length, expires_at FROM logs WHERE key = $key'),
    put: database.prepare(
      `INSERT INTO logs (key, length, expires_at) VALUES ($key, $length, $expiresAt)
       ON CONFLICT (key) DO UPDATE SET length = $length, expires_at = $expiresAt RETURNING id`,
    ),
    add: database.prepare(
      'INSERT INTO log_entries (log, position, entry) VALUES ($log, $position, $entry)',
    ),
    drop: database.prepare('DELETE FROM log_entries WHERE log = $log AND position < $first'),
    read: database.prepare(
      'SELECT position, entry FROM log_entries WHERE log = $log AND position >= $from ORDER BY position',
    ),
    delete: database.prepare('DELETE FROM logs WHERE id = $log'),
    deleteEntries: database.prepare('DELETE FROM log_entries WHERE log = $log'),
    page: database.prepare(
      `SELECT key FROM logs WHERE key >= $from AND ($after IS NULL OR key > $after)
       AND (expires_at IS NULL OR expires_at > $now) ORDER BY key LIMIT 200`,
    ),
    expired: database.prepare('SELECT id, length FROM logs WHERE expires_at <= $now'),
  }
}
