import { isAppError, type AppError } from '../base/errors.ts'

/** True for a store that cannot be asked now; what is known in memory is all there is. */
export function isStoreAway(error: unknown): error is AppError {
  return isAppError(error) && error.code.startsWith('STORAGE_')
}
