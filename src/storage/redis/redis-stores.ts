import type { RedisSettings } from '../redis-settings.ts'
import type { Stores } from '../stores.ts'
import { evictionPolicy } from './eviction-policy.ts'
import { createRedisAppendLog } from './redis-append-log.ts'
import { openRedisConnection } from './redis-connection.ts'
import { createRedisKeyValue } from './redis-key-value.ts'
import { createRedisMessageBus } from './redis-message-bus.ts'
import { createScript } from './script.ts'

export interface RedisStoresOptions {
  readonly settings: RedisSettings
  /** What every key and channel starts with. */
  readonly keyPrefix: string
  /** A handler of a message threw. */
  readonly onError: (error: unknown) => void
  /** The connection was lost, or is back. */
  readonly onChange: (up: boolean) => void
}

/** Everything in one Redis, over one connection and a second one for whoever listens. Rejects if it cannot be used. */
export async function openRedisStores(options: RedisStoresOptions): Promise<Stores> {
  const { settings, keyPrefix, onError } = options
  const connection = await openRedisConnection(settings, keyPrefix)
  connection.onChange(options.onChange)
  const policy = await evictionPolicy(connection.client)
  const keyValue = createRedisKeyValue(connection, keyPrefix)
  const appendLog = createRedisAppendLog(connection, keyPrefix)
  const bus = createRedisMessageBus(connection, keyPrefix, onError)
  return {
    keyValue,
    appendLog,
    bus,
    ...(policy === undefined ? {} : { evictionPolicy: policy }),
    script(lua) {
      const script = createScript(lua)
      return (keys, args) => connection.run(() => script.run(connection.client, keys, args))
    },
    async workQueue(name, { lostAfterMs } = {}) {
      const { openRedisWorkQueue } = await import('./redis-work-queue.ts')
      return openRedisWorkQueue({
        settings,
        connection,
        keyPrefix,
        name,
        keyValue,
        bus,
        onError,
        lostAfterMs,
      })
    },
    async close() {
      await Promise.all([keyValue.close(), appendLog.close(), bus.close()])
      await connection.close()
    },
  }
}
