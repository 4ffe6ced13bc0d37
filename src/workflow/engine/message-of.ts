import { isAppError } from '../../base/errors.ts'

/** One sentence of an error, with its hint, for the failure of a step. */
export function messageOf(error: unknown): string {
  if (isAppError(error))
    return error.hint === undefined ? error.message : `${error.message} (${error.hint})`
  return error instanceof Error ? error.message : String(error)
}
