import type { Now } from '../base/clock.ts'
import type { RedisSettings } from './redis-settings.ts'
import type { Stores } from './stores.ts'
import { withKeyPrefix } from './with-key-prefix.ts'

/** `keyPrefix`: what every key (in Redis every channel too) starts with there; whoever uses the stores need not know it. */
export type StorageSettings =
  | { readonly provider: 'memory' }
  | { readonly provider: 'sqlite'; readonly path: string; readonly keyPrefix: string }
  | { readonly provider: 'redis'; readonly redis: RedisSettings; readonly keyPrefix: string }

export interface StorageDependencies {
  readonly now: Now
  /** Housekeeping, or a handler of a message, failed in the background. */
  readonly onError?: (error: unknown) => void
  /** The connection to Redis was lost, or is back. */
  readonly onChange?: (up: boolean) => void
}

/** Opens the configured place; the code of the others is not loaded. The caller closes it. */
export async function openStorage(
  settings: StorageSettings,
  { now, onError = () => {}, onChange = () => {} }: StorageDependencies,
): Promise<Stores> {
  switch (settings.provider) {
    case 'memory': {
      const { createMemoryStores } = await import('./memory/memory-stores.ts')
      return createMemoryStores({ now, onError })
    }
    case 'sqlite': {
      const { openSqliteStores } = await import('./sqlite/sqlite-stores.ts')
      const { path, keyPrefix } = settings
      return withKeyPrefix(await openSqliteStores({ path, now, onError }), keyPrefix)
    }
    case 'redis': {
      const { openRedisStores } = await import('./redis/redis-stores.ts')
      const { redis, keyPrefix } = settings
      return openRedisStores({ settings: redis, keyPrefix, onError, onChange })
    }
  }
}
