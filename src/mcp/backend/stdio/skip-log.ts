import type { Logger } from '../../../telemetry/logger.ts'

const MAX_EXCERPT_BYTES = 200
const ALL_UP_TO = 10

/**
 * Logs messages of a backend that cannot be used. A backend that chatters must not fill the log: after the first ten only
 * every tenfold count is told.
 */
export class SkipLog {
  readonly #log: Logger
  readonly #backend: string
  #count = 0

  constructor(log: Logger, backend: string) {
    this.#log = log
    this.#backend = backend
  }

  skip(reason: string, bytes?: Buffer): void {
    const count = ++this.#count
    if (count > ALL_UP_TO && !/^10*$/.test(String(count))) return
    const begins = bytes?.toString('utf8', 0, MAX_EXCERPT_BYTES)
    this.#log.warn(
      { backend: this.#backend, reason, count, ...(begins === undefined ? {} : { begins }) },
      'Skipped a message of the backend',
    )
  }
}
