import { AppError, isAppError, type Fault } from '../../base/errors.ts'
import { isJsonObject } from '../../base/json.ts'

/** An error for another replica, without its cause. A bug stays where it happened. */
export function errorToJson(error: unknown): object {
  if (!isAppError(error)) {
    return { code: 'INTERNAL', fault: 'bug', status: 500, message: String(error), details: {} }
  }
  const { code, fault, status, message, hint, details } = error
  return { code, fault, status, message, hint, details }
}

/** The same error here: told apart by its code, like any. */
export function errorFromJson(value: unknown): AppError {
  const fields = isJsonObject(value) ? value : {}
  const { code, fault, status, message, hint, details } = fields
  return new AppError({
    code: typeof code === 'string' ? code : 'INTERNAL',
    fault: FAULTS.find((each) => each === fault) ?? 'bug',
    status: typeof status === 'number' ? status : 500,
    message: typeof message === 'string' ? message : 'Another replica failed',
    hint: typeof hint === 'string' ? hint : undefined,
    details: isJsonObject(details) ? details : {},
  })
}

const FAULTS: readonly Fault[] = ['caller', 'environment', 'bug']
