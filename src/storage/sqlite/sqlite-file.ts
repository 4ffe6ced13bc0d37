import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Now } from '../../base/clock.ts'
import { storageErrors } from '../errors.ts'
import { openDatabase } from './database.ts'
import { toStorageError } from './sqlite-errors.ts'

export interface SqliteFileOptions {
  /** A file, made with mode 0600 if it is absent; or `:memory:`. Several stores may share it. */
  readonly path: string
  readonly now: Now
  /** Pause between two sweeps of what has expired; it is absent before that already. */
  readonly sweepIntervalMs?: number
  /** How long a write waits for another process that holds the file. It blocks this process meanwhile: keep it short. */
  readonly lockWaitMs?: number
  /** A sweep failed (the next one tries again). */
  readonly onSweepError?: (error: unknown) => void
}

/** An open database, as one store uses it. */
export interface SqliteFile {
  readonly database: DatabaseSync
  readonly isClosed: boolean
  /** Throws an AppError of `storage/errors.ts` whatever the work throws, STORAGE_CLOSED after `close`. */
  run<Result>(work: () => Result): Result
  /** Rows whose key begins with the prefix, in order of their keys; `page` selects some after `$after`, from `$from` on. */
  scan<Row extends { readonly key: string }>(page: StatementSync, prefix: string): Iterable<Row>
  /** Does this again and again, until `close`. */
  sweepBy(sweep: () => void): void
  close(): void
}

const LOCK_WAIT_MS = 500
const SWEEP_MS = 60_000

export async function openSqliteFile(options: SqliteFileOptions): Promise<SqliteFile> {
  const { path, now, lockWaitMs = LOCK_WAIT_MS } = options
  const database = await openDatabase(path, lockWaitMs)
  let sweeper: NodeJS.Timeout | undefined
  let isClosed = false

  function run<Result>(work: () => Result): Result {
    if (isClosed) throw storageErrors.CLOSED({ store: path })
    try {
      return work()
    } catch (error) {
      throw toStorageError(error, path, lockWaitMs)
    }
  }

  return {
    database,
    get isClosed() {
      return isClosed
    },
    run,
    *scan<Row extends { readonly key: string }>(statement: StatementSync, prefix: string) {
      let after: string | undefined
      while (true) {
        const rows = run(() =>
          statement.all({ from: after ?? prefix, after: after ?? null, now: now() }),
        )
        for (const row of rows as unknown as Row[]) {
          if (!row.key.startsWith(prefix)) return
          after = row.key
          yield row
        }
        if (rows.length === 0) return
      }
    },
    sweepBy(sweep) {
      const sweepNow = (): void => {
        try {
          run(sweep)
        } catch (error) {
          options.onSweepError?.(error)
        }
      }
      sweeper = setInterval(sweepNow, options.sweepIntervalMs ?? SWEEP_MS).unref()
    },
    close() {
      if (isClosed) return
      isClosed = true
      clearInterval(sweeper)
      database.close()
    },
  }
}
