import type { AppendLog } from '../append-log.ts'
import { storageErrors } from '../errors.ts'
import { findKeys } from './find-keys.ts'
import { APPEND_TO_LOG, READ_LOG } from './log-scripts.ts'
import type { RedisConnection } from './redis-connection.ts'

/** Logs as lists under `keyPrefix` + `log:` + key. An append is as durable as that Redis is configured to be. */
export function createRedisAppendLog(connection: RedisConnection, keyPrefix: string): AppendLog {
  const { client, store } = connection
  const logPrefix = `${keyPrefix}log:`
  const underWay = new Set<Promise<unknown>>()
  let closed = false

  return {
    async append(key, entries, { expectLength = '', ttlMs, keepLast = '' } = {}) {
      const ttl = ttlMs === undefined ? '' : Math.max(1, Math.round(ttlMs))
      const args = [expectLength, ttl, keepLast, ...entries]
      const length = await run(() => APPEND_TO_LOG.run(client, [logPrefix + key], args))
      return length === -1 ? undefined : Number(length)
    },

    async read(key, from = 0) {
      const answer = await run(() => READ_LOG.run(client, [logPrefix + key], [from]))
      const [first, length, entries] = answer as [number, number, string[]]
      return { first, entries, length }
    },

    async delete(key) {
      return (await run(() => client.del(logPrefix + key))) === 1
    },

    async *keys(prefix) {
      const keys = await run(() => findKeys(client, logPrefix + prefix, 'list'))
      for (const key of keys) yield key.slice(logPrefix.length)
    },

    async close() {
      closed = true
      await Promise.allSettled(underWay)
    },
  }

  async function run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (closed) throw storageErrors.CLOSED({ store })
    const running = connection.run(work)
    underWay.add(running)
    try {
      return await running
    } finally {
      underWay.delete(running)
    }
  }
}
