import type { DatabaseSync } from 'node:sqlite'
import type { Now } from '../../base/clock.ts'
import { storageErrors } from '../errors.ts'
import type { Condition, KeyValue } from '../key-value.ts'
import { openDatabase } from './database.ts'
import { inTransaction } from './in-transaction.ts'
import { toStorageError } from './sqlite-errors.ts'

export interface SqliteKeyValueOptions {
  /** A file, made with mode 0600 if it is absent; or `:memory:`. */
  readonly path: string
  readonly now: Now
  /** Pause between two sweeps of expired rows; an expired row is absent before that already. */
  readonly sweepIntervalMs?: number
  /** How long a write waits for another process that holds the file. It blocks this process meanwhile: keep it short. */
  readonly lockWaitMs?: number
  /** Upper bound of the file in pages of 4 KiB; absent: the disk. */
  readonly maxPages?: number
  /** A sweep failed (the next one tries again). */
  readonly onSweepError?: (error: unknown) => void
}

type Row = { key: string; value: string; version: number }

const LIVE = '(expires_at IS NULL OR expires_at > $now)'

/**
 * A store in one SQLite file, which several processes of one machine may share. Survives the end of the process at any
 * moment: a write is in the file when its promise resolves.
 */
export async function openSqliteKeyValue(options: SqliteKeyValueOptions): Promise<KeyValue> {
  const { path, now } = options
  const lockWaitMs = options.lockWaitMs ?? 500
  const database = await openDatabase(path, lockWaitMs)
  if (options.maxPages) database.exec(`PRAGMA max_page_count = ${options.maxPages}`)
  const statements = prepare(database)
  let closed = false
  const sweeper = setInterval(sweep, options.sweepIntervalMs ?? 60_000)
  sweeper.unref()

  return {
    async get(key) {
      const row = run(() => statements.get.get({ key, now: now() })) as Row | undefined
      return row && { value: row.value, version: row.version }
    },

    async set(key, value, { ttlMs, when } = {}) {
      const time = now()
      const expiresAt = ttlMs === undefined ? null : time + ttlMs
      return run(() => write({ key, value, expiresAt, time, when }))
    },

    async delete(key, when) {
      const version = when?.version ?? null
      return run(() => statements.delete.run({ key, version, now: now() })).changes === 1
    },

    async touch(key, ttlMs, when) {
      return run(() => prolong(key, ttlMs, when?.version ?? null))
    },

    async touchMany(touches) {
      return run(() =>
        inTransaction(database, () => touches.map(({ key, ttlMs }) => prolong(key, ttlMs, null))),
      )
    },

    async *scan(prefix) {
      let after: string | undefined
      while (true) {
        const page = run(() =>
          statements.page.all({ from: after ?? prefix, after: after ?? null, now: now() }),
        )
        for (const row of page as Row[]) {
          if (!row.key.startsWith(prefix)) return
          after = row.key
          yield { key: row.key, value: row.value, version: row.version }
        }
        if (page.length === 0) return
      }
    },

    async close() {
      if (closed) return
      closed = true
      clearInterval(sweeper)
      database.close()
    },
  }

  function write(row: {
    key: string
    value: string
    expiresAt: number | null
    time: number
    when: Condition | undefined
  }): number | undefined {
    return inTransaction(database, () => {
      const found = statements.version.get({ key: row.key, now: row.time }) as
        | { version: number }
        | undefined
      const version = allows(found?.version, row.when) ? nextVersion() : undefined
      if (version !== undefined) {
        const { key, value, expiresAt } = row
        statements.put.run({ key, value, version, expiresAt })
      }
      return version
    })
  }

  function prolong(key: string, ttlMs: number, version: number | null): boolean {
    const time = now()
    const values = { key, version, expiresAt: time + ttlMs, now: time }
    return statements.touch.run(values).changes === 1
  }

  function nextVersion(): number {
    return (statements.next.get() as { value: number }).value
  }

  function sweep(): void {
    try {
      run(() => statements.sweep.run({ now: now() }))
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
    get: database.prepare(`SELECT value, version FROM entries WHERE key = $key AND ${LIVE}`),
    version: database.prepare(`SELECT version FROM entries WHERE key = $key AND ${LIVE}`),
    next: database.prepare('UPDATE counter SET value = value + 1 RETURNING value'),
    put: database.prepare(
      `INSERT INTO entries (key, value, version, expires_at) VALUES ($key, $value, $version, $expiresAt)
       ON CONFLICT (key) DO UPDATE SET value = $value, version = $version, expires_at = $expiresAt`,
    ),
    delete: database.prepare(
      `DELETE FROM entries WHERE key = $key AND ($version IS NULL OR version = $version) AND ${LIVE}`,
    ),
    touch: database.prepare(
      `UPDATE entries SET expires_at = $expiresAt
       WHERE key = $key AND ($version IS NULL OR version = $version) AND ${LIVE}`,
    ),
    page: database.prepare(
      `SELECT key, value, version FROM entries
       WHERE key >= $from AND ($after IS NULL OR key > $after) AND ${LIVE} ORDER BY key LIMIT 200`,
    ),
    sweep: database.prepare('DELETE FROM entries WHERE expires_at <= $now'),
  }
}

function allows(version: number | undefined, when: Condition | undefined): boolean {
  if (when === undefined) return true
  if (when === 'absent') return version === undefined
  if (when === 'present') return version !== undefined
  return version === when.version
}
