import { describeRedis, type RedisSettings } from '../redis-settings.ts'
import { createRedisClient, type RedisClient } from './redis-client.ts'
import { explainStart } from './explain-start.ts'
import { toRedisError } from './redis-errors.ts'
import { SET_ENTRY } from './entry-scripts.ts'

/** A connection that was once good, and comes back by itself when it is cut off. */
export interface RedisConnection {
  readonly client: RedisClient
  /** `host:port`, for messages. */
  readonly store: string
  /** Rejects with an AppError of `storage/errors.ts` whatever the work rejects with. */
  run<Result>(work: () => Promise<Result>): Promise<Result>
  /** Calls when the connection was lost and when it is ready again. */
  onChange(listener: (up: boolean) => void): void
  close(): Promise<void>
}

/**
 * Connects, and proves that entries can be written. Rejects with an AppError that says what is wrong with address, password,
 * TLS or server; then nothing is left open.
 */
export async function openRedisConnection(
  settings: RedisSettings,
  keyPrefix: string,
): Promise<RedisConnection> {
  const store = describeRedis(settings)
  let opened = false
  let firstError: unknown
  const client = createRedisClient(settings, { mayRetry: () => opened })
  client.on('error', (error: unknown) => (firstError ??= error))
  try {
    await client.connect()
    // Where the database does not exist the client goes on in database 0.
    if (settings.db > 0) await client.call('SELECT', String(settings.db))
    if (settings.topology.kind === 'standalone') await refuseClusterNode(client)
    const probe = `${keyPrefix}probe`
    await SET_ENTRY.run(client, [probe, probe], ['any', 1000, ''])
    await client.del(probe)
  } catch (error) {
    client.disconnect()
    throw await explainStart(settings, keyPrefix, firstError ?? error)
  }
  opened = true

  return {
    client,
    store,
    async run(work) {
      try {
        return await work()
      } catch (error) {
        throw toRedisError(error, store)
      }
    },
    onChange(listener) {
      client.on('ready', () => listener(true))
      client.on('close', () => listener(false))
    },
    async close() {
      // QUIT waits for the answers under way; a server that is away has none.
      if (client.status === 'ready') await client.quit().catch(() => undefined)
      client.disconnect()
    },
  }
}

/** One node takes a third of the keys and refuses the rest: that has to be noticed at the start, whatever key is tried. */
async function refuseClusterNode(client: RedisClient): Promise<void> {
  // A user may lack the right to ask.
  const info = await client.info('cluster').catch(() => '')
  if (/^cluster_enabled:1/m.test(info)) throw new Error('MOVED: cluster_enabled:1')
}
