import { isAppError, type AppError } from '../base/errors.ts'

/** True for what a store rejects with that cannot be used now; one that was closed will never be back. */
export function isStoreAway(error: unknown): error is AppError {
  return isAppError(error) && error.code.startsWith('STORAGE_') && error.code !== 'STORAGE_CLOSED'
}

/** What is shown of an error. */
export interface Shown {
  readonly message: string
  readonly hint?: string | undefined
}

/** An error as clients see it: where a gateway keeps things is nothing for them. */
export function withoutStore(error: AppError): Shown {
  return error.code.startsWith('STORAGE_') ? HIDDEN : error
}

const HIDDEN: Shown = {
  message: 'The gateway cannot use its store now',
  hint: 'Try again in a while; the log of the gateway has the reason',
}
