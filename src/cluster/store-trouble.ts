import { isAppError, type AppError } from '../base/errors.ts'

/** True for a store that cannot be asked now, or never again; what is known in memory is all there is. */
export function isStoreTrouble(error: unknown): error is AppError {
  return isAppError(error) && error.code.startsWith('STORAGE_')
}
