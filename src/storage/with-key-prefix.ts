import type { AppendLog } from './append-log.ts'
import type { KeyValue } from './key-value.ts'
import type { Stores } from './stores.ts'

/** The stores with a prefix before every key: what others keep in the same place under another prefix stays theirs. */
export function withKeyPrefix(stores: Stores, prefix: string): Stores {
  return {
    ...stores,
    keyValue: prefixKeys(stores.keyValue, prefix),
    appendLog: prefixLogs(stores.appendLog, prefix),
  }
}

function prefixKeys(store: KeyValue, prefix: string): KeyValue {
  return {
    get: (key) => store.get(prefix + key),
    set: (key, value, options) => store.set(prefix + key, value, options),
    delete: (key, when) => store.delete(prefix + key, when),
    touch: (key, ttlMs, when) => store.touch(prefix + key, ttlMs, when),
    touchMany: (touches) =>
      store.touchMany(touches.map(({ key, ttlMs }) => ({ key: prefix + key, ttlMs }))),
    async *scan(start) {
      for await (const entry of store.scan(prefix + start)) {
        yield { ...entry, key: entry.key.slice(prefix.length) }
      }
    },
    close: () => store.close(),
  }
}

function prefixLogs(log: AppendLog, prefix: string): AppendLog {
  return {
    append: (key, entries, options) => log.append(prefix + key, entries, options),
    read: (key, from) => log.read(prefix + key, from),
    delete: (key) => log.delete(prefix + key),
    async *keys(start) {
      for await (const key of log.keys(prefix + start)) yield key.slice(prefix.length)
    },
    close: () => log.close(),
  }
}
