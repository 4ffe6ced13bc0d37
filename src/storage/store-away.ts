import { isAppError, type AppError } from '../base/errors.ts'

/** True for what a store rejects with that cannot be used now; one that was closed will never be back. */
export function isStoreAway(error: unknown): error is AppError {
  return isAppError(error) && error.code.startsWith('STORAGE_') && error.code !== 'STORAGE_CLOSED'
}
