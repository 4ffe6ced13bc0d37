import { isAppError, type AppError } from '../../base/errors.ts'
import { storageErrors } from '../errors.ts'

/** Replies that mean: not now. */
const NOT_NOW =
  /^(LOADING|CLUSTERDOWN|MASTERDOWN|READONLY|TRYAGAIN|BUSY|NOREPLICAS|MISCONF|NOAUTH|WRONGPASS|NOGOODSLAVE)/

/** Says what an error of the client, or of a connection that was good before, means for the store. */
export function toRedisError(error: unknown, store: string): AppError {
  if (isAppError(error)) return error
  const { message: reason, name } = error as Error
  const cause = withoutCommand(error)
  if (reason.startsWith('OOM')) return storageErrors.REDIS_FULL({ store, reason }, cause)
  if (name === 'ReplyError' && !NOT_NOW.test(reason)) {
    return storageErrors.REDIS_FAILED({ store, reason }, cause)
  }
  return storageErrors.REDIS_AWAY({ store, reason: inWords(reason) }, cause)
}

/** Errors of the client carry the command with its arguments: values, and passwords. */
export function withoutCommand(error: unknown): Error {
  const { message, name, code } = error as Error & { code?: string }
  return Object.assign(new Error(message), { name, ...(code === undefined ? {} : { code }) })
}

function inWords(reason: string): string {
  if (/Stream isn't writeable|enableOfflineQueue|Cluster isn't ready/.test(reason)) {
    return 'not connected'
  }
  if (/Command timed out|Socket timeout/.test(reason)) return 'no answer in time'
  if (/Connection is closed|connection close|max retries per request/i.test(reason)) {
    return 'the connection was cut off'
  }
  return reason
}
