/**
 * Structured logs, always on stderr. Everybody who logs takes one of these as a parameter.
 * Fields first, then one short sentence without values: values belong into the fields.
 */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  /** The same log with these fields in every line. */
  child(fields: object): Logger
}

/** For tests and for code nobody listens to. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
}
