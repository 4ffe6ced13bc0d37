import { isAppError, type AppError } from '../../base/errors.ts'
import { storageErrors } from '../errors.ts'

/** Primary result codes, sqlite.org/rescode.html; the extended code carries them in its low byte. */
const BUSY = 5
const LOCKED = 6
const CORRUPT = 11
const FULL = 13
const NOT_A_DATABASE = 26

/** Says what an error of node:sqlite or of the file system means for the store. */
export function toStorageError(error: unknown, store: string, lockWaitMs: number): AppError {
  if (isAppError(error)) return error
  const {
    message: reason,
    errcode = 0,
    code,
  } = error as Error & { errcode?: number; code?: string }
  switch (errcode & 0xff) {
    case BUSY:
    case LOCKED:
      return storageErrors.LOCKED({ store, reason, waitedMs: lockWaitMs }, error)
    case FULL:
      return storageErrors.FULL({ store, reason }, error)
    case CORRUPT:
    case NOT_A_DATABASE:
      return storageErrors.CORRUPT({ store, reason }, error)
  }
  if (code === 'ENOSPC') return storageErrors.FULL({ store, reason }, error)
  return storageErrors.UNAVAILABLE({ store, reason }, error)
}
