/** Who has to act: the one who called, the world around the process, or we. */
export type Fault = 'caller' | 'environment' | 'bug'

interface AppErrorFields {
  code: string
  fault: Fault
  /** HTTP status an HTTP edge answers with. */
  status: number
  message: string
  hint?: string | undefined
  details?: object | undefined
  cause?: unknown
}

/**
 * The one error class. Tell errors apart by `code`, never by class.
 * `message` says what could not be done and quotes the value; `hint` says the next command or field to change;
 * `details` are machine-readable and never secret.
 */
export class AppError extends Error {
  readonly code: string
  readonly fault: Fault
  readonly status: number
  readonly hint: string | undefined
  readonly details: Readonly<Record<string, unknown>>

  constructor(fields: AppErrorFields) {
    super(fields.message, fields.cause === undefined ? undefined : { cause: fields.cause })
    this.name = 'AppError'
    this.code = fields.code
    this.fault = fields.fault
    this.status = fields.status
    this.hint = fields.hint
    this.details = (fields.details ?? {}) as Readonly<Record<string, unknown>>
  }
}

/** True for an error of this product; with `code`, only for that one. */
export function isAppError(error: unknown, code?: string): error is AppError {
  return error instanceof AppError && (code === undefined || error.code === code)
}

interface ErrorRow<Details extends object> {
  fault: Fault
  status: number
  message: (details: Details) => string
  /** Undefined: nothing can be said in this case. */
  hint?: (details: Details) => string | undefined
}

type ErrorTable = Record<string, ErrorRow<never>>

type Makers<Table extends ErrorTable> = {
  [Code in keyof Table]: Table[Code] extends ErrorRow<infer Details>
    ? (details: Details, cause?: unknown) => AppError
    : never
}

/**
 * Turns a table of errors into one maker per code: `throw workloadErrors.NOT_FOUND({ name })`.
 * The code of the error is `AREA_CODE`.
 */
export function defineErrors<const Table extends ErrorTable>(
  area: string,
  table: Table,
): Makers<Table> {
  const makers: Record<string, (details: never, cause?: unknown) => AppError> = {}
  for (const [name, row] of Object.entries(table)) {
    makers[name] = (details, cause) =>
      new AppError({
        code: `${area}_${name}`,
        fault: row.fault,
        status: row.status,
        message: row.message(details),
        hint: row.hint?.(details),
        details,
        cause,
      })
  }
  return makers as Makers<Table>
}
