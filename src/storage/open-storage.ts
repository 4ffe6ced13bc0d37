import type { Now } from '../base/clock.ts'
import { storageErrors } from './errors.ts'
import type { KeyValue } from './key-value.ts'

export type StorageSettings =
  | { readonly provider: 'memory' }
  | { readonly provider: 'sqlite'; readonly path: string }
  | { readonly provider: 'redis' }

export interface StorageDependencies {
  readonly now: Now
  /** Housekeeping failed in the background. */
  readonly onError?: (error: unknown) => void
}

/** Opens the configured store; the code of the others is not loaded. The caller closes it. */
export async function openStorage(
  settings: StorageSettings,
  { now, onError }: StorageDependencies,
): Promise<KeyValue> {
  switch (settings.provider) {
    case 'memory': {
      const { createMemoryKeyValue } = await import('./memory/memory-key-value.ts')
      return createMemoryKeyValue({ now })
    }
    case 'sqlite': {
      const { openSqliteKeyValue } = await import('./sqlite/sqlite-key-value.ts')
      const { path } = settings
      return openSqliteKeyValue(onError ? { path, now, onSweepError: onError } : { path, now })
    }
    default:
      throw storageErrors.PROVIDER_NOT_SUPPORTED({ provider: settings.provider })
  }
}
