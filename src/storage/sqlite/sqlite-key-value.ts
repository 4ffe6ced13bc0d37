import type { DatabaseSync } from 'node:sqlite'
import type { Condition, KeyValue } from '../key-value.ts'
import { inTransaction } from './in-transaction.ts'
import { openSqliteFile, type SqliteFileOptions } from './sqlite-file.ts'

export interface SqliteKeyValueOptions extends SqliteFileOptions {
  /** Upper bound of the file in pages of 4 KiB; absent: the disk. */
  readonly maxPages?: number
}

type Row = { key: string; value: string; version: number }

const LIVE = '(expires_at IS NULL OR expires_at > $now)'

/**
 * A store in one SQLite file, which several processes of one machine may share. Survives the end of the process at any
 * moment: a write is in the file when its promise resolves.
 */
export async function openSqliteKeyValue(options: SqliteKeyValueOptions): Promise<KeyValue> {
  const { now } = options
  const file = await openSqliteFile(options)
  const { database, run } = file
  if (options.maxPages) database.exec(`PRAGMA max_page_count = ${options.maxPages}`)
  const statements = prepare(database)
  file.sweepBy(() => statements.sweep.run({ now: now() }))

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
      for (const { key, value, version } of file.scan<Row>(statements.page, prefix)) {
        yield { key, value, version }
      }
    },

    async close() {
      file.close()
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
