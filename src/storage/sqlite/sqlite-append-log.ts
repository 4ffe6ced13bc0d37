import type { DatabaseSync } from 'node:sqlite'
import type { AppendLog, AppendOptions } from '../append-log.ts'
import { storageErrors } from '../errors.ts'
import { inTransaction } from './in-transaction.ts'
import { openSqliteFile, type SqliteFileOptions } from './sqlite-file.ts'

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
export async function openSqliteAppendLog(options: SqliteFileOptions): Promise<AppendLog> {
  const { path, now } = options
  const file = await openSqliteFile(options)
  const { database, run } = file
  const statements = prepare(database)
  let waiting: Waiting[] = []
  file.sweepBy(sweep)

  return {
    append(key, entries, settings = {}) {
      return new Promise((resolve, reject) => {
        if (file.isClosed) return reject(storageErrors.CLOSED({ store: path }))
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
      for (const { key } of file.scan(statements.page, prefix)) yield key
    },

    async close() {
      if (file.isClosed) return
      flush()
      file.close()
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
    inTransaction(database, () => {
      const expired = statements.expired.all({ now: now() }) as unknown as LogRow[]
      for (const log of expired) remove(log)
    })
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
