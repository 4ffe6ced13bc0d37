import type { Now } from '../../base/clock.ts'
import { createMemoryMessageBus } from '../memory/memory-message-bus.ts'
import type { Stores } from '../stores.ts'
import { openSqliteAppendLog } from './sqlite-append-log.ts'
import { openSqliteKeyValue } from './sqlite-key-value.ts'

export interface SqliteStoresOptions {
  /** A file, made with mode 0600 if it is absent; or `:memory:`. */
  readonly path: string
  readonly now: Now
  /** A sweep failed, or a handler of a message threw. */
  readonly onError: (error: unknown) => void
}

/** Key-value store and logs in one file; the bus is this process's own. */
export async function openSqliteStores(options: SqliteStoresOptions): Promise<Stores> {
  const { path, now, onError } = options
  const keyValue = await openSqliteKeyValue({ path, now, onSweepError: onError })
  try {
    const appendLog = await openSqliteAppendLog({ path, now, onSweepError: onError })
    const bus = createMemoryMessageBus(onError)
    return {
      keyValue,
      appendLog,
      bus,
      async close() {
        await Promise.all([keyValue.close(), appendLog.close(), bus.close()])
      },
    }
  } catch (error) {
    await keyValue.close()
    throw error
  }
}
