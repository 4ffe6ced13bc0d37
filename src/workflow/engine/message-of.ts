import { isAppError } from '../../base/errors.ts'
import { withoutStore } from '../../storage/store-away.ts'

/** One sentence of an error, with its hint, for the failure of a step, as clients may see it. */
export function messageOf(error: unknown): string {
  if (isAppError(error)) {
    const { message, hint } = withoutStore(error)
    return hint === undefined ? message : `${message} (${hint})`
  }
  return error instanceof Error ? error.message : String(error)
}
