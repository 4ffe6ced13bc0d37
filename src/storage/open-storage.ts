import type { Now } from '../base/clock.ts'
import { storageErrors } from './errors.ts'
import type { Stores } from './stores.ts'

export type StorageSettings =
  | { readonly provider: 'memory' }
  | { readonly provider: 'sqlite'; readonly path: string }
  | { readonly provider: 'redis' }

export interface StorageDependencies {
  readonly now: Now
  /** Housekeeping, or a handler of a message, failed in the background. */
  readonly onError?: (error: unknown) => void
}

/** Opens the configured place; the code of the others is not loaded. The caller closes it. */
export async function openStorage(
  settings: StorageSettings,
  { now, onError = () => {} }: StorageDependencies,
): Promise<Stores> {
  switch (settings.provider) {
    case 'memory': {
      const { createMemoryStores } = await import('./memory/memory-stores.ts')
      return createMemoryStores({ now, onError })
    }
    case 'sqlite': {
      const { openSqliteStores } = await import('./sqlite/sqlite-stores.ts')
      return openSqliteStores({ path: settings.path, now, onError })
    }
    default:
      throw storageErrors.PROVIDER_NOT_SUPPORTED({ provider: settings.provider })
  }
}
