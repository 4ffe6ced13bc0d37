import { Cluster } from 'ioredis'
import { storageErrors } from '../errors.ts'
import type { Condition, Entry, KeyValue, Touch } from '../key-value.ts'
import { DELETE_ENTRY, SET_ENTRY, TOUCH_ENTRY } from './entry-scripts.ts'
import { findKeys } from './find-keys.ts'
import type { RedisConnection } from './redis-connection.ts'
import { counterPerSlot, singleCounter } from './version-counter.ts'

/** How many values one round trip of a scan brings. */
const PAGE = 200

/**
 * Entries as strings under `keyPrefix` + key. Redis itself lets them expire, by its own clock. Every operation is one command
 * or one script on one key, so it works in a Cluster as well.
 */
export function createRedisKeyValue(connection: RedisConnection, keyPrefix: string): KeyValue {
  const { client, store } = connection
  const counterOf = client instanceof Cluster ? counterPerSlot(keyPrefix) : singleCounter(keyPrefix)
  let closed = false

  return {
    async get(key) {
      const text = await run(() => client.get(keyPrefix + key))
      return text === null ? undefined : parseEntry(text)
    },

    async set(key, value, { ttlMs, when } = {}) {
      const full = keyPrefix + key
      const args = [renderCondition(when), ttlMs === undefined ? '' : wholeMs(ttlMs), value]
      const version = await run(() => SET_ENTRY.run(client, [full, counterOf(full)], args))
      return version === '' ? undefined : Number(version)
    },

    async delete(key, when) {
      const full = keyPrefix + key
      const deleted = await run(() =>
        when === undefined ? client.del(full) : DELETE_ENTRY.run(client, [full], [when.version]),
      )
      return deleted === 1
    },

    async touch(key, ttlMs, when) {
      const full = keyPrefix + key
      const ttl = wholeMs(ttlMs)
      const touched = await run(() =>
        when === undefined
          ? client.pexpire(full, ttl)
          : TOUCH_ENTRY.run(client, [full], [when.version, ttl]),
      )
      return touched === 1
    },

    async touchMany(touches) {
      if (touches.length === 0) return run(async () => [])
      return run(() => (client instanceof Cluster ? touchEach(client, touches) : pipeline(touches)))
    },

    async *scan(prefix) {
      const keys = await run(() => findKeys(client, keyPrefix + prefix, 'string'))
      for (let from = 0; from < keys.length; from += PAGE) {
        const page = keys.slice(from, from + PAGE)
        const texts = await run(() => Promise.all(page.map((key) => client.get(key))))
        for (const [index, key] of page.entries()) {
          const text = texts[index]
          const entry = typeof text === 'string' ? parseEntry(text) : undefined
          // Version 0: not an entry of ours, the counter of versions among them.
          if (entry && entry.version > 0) yield { key: key.slice(keyPrefix.length), ...entry }
        }
      }
    },

    async close() {
      closed = true
    },
  }

  /** Nodes get their commands without waiting for one another: one round trip each. */
  async function touchEach(cluster: Cluster, touches: readonly Touch[]): Promise<boolean[]> {
    const results = await Promise.all(
      touches.map(({ key, ttlMs }) => cluster.pexpire(keyPrefix + key, wholeMs(ttlMs))),
    )
    return results.map((result) => result === 1)
  }

  async function pipeline(touches: readonly Touch[]): Promise<boolean[]> {
    const commands = touches.map(({ key, ttlMs }) => ['pexpire', keyPrefix + key, wholeMs(ttlMs)])
    const results = (await client.pipeline(commands).exec()) ?? []
    return results.map(([error, result]) => {
      if (error !== null) throw error
      return result === 1
    })
  }

  async function run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (closed) throw storageErrors.CLOSED({ store })
    return connection.run(work)
  }
}

function parseEntry(text: string): Entry {
  const space = text.indexOf(' ')
  const head = text.slice(0, Math.max(space, 0))
  if (!/^[1-9]\d{0,15}$/.test(head)) return { value: text, version: 0 }
  return { value: text.slice(space + 1), version: Number(head) }
}

function renderCondition(when: Condition | undefined): string | number {
  if (when === undefined) return 'any'
  return typeof when === 'string' ? when : when.version
}

/** Redis takes whole milliseconds, and refuses or deletes at none. */
function wholeMs(ttlMs: number): number {
  return Math.max(1, Math.round(ttlMs))
}
