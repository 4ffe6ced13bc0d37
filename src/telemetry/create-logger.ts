import { systemNow } from '../base/clock.ts'
import { pino, type DestinationStream, type Logger as Pino } from 'pino'
import type { Logger } from './logger.ts'
import { createPrettyStream } from './pretty-lines.ts'
import { redact } from './redact.ts'

export type LogLevelName = 'debug' | 'info' | 'warn' | 'error'

export interface LoggerOptions {
  readonly level: LogLevelName
  /** `pretty`: for people at a terminal; `json`: one object per line. */
  readonly format: 'json' | 'pretty'
  /** Where whole lines go: stderr. */
  readonly destination: DestinationStream
  /** Colours for `pretty`. */
  readonly color?: boolean
}

/** Opens the log of a process. What looks like a credential is masked in every line. */
export function createLogger(options: LoggerOptions): Logger {
  const { level, format, destination, color = false } = options
  const out = format === 'pretty' ? createPrettyStream(destination, color) : destination
  const target = { write: (line: string) => out.write(redact(line)) }
  return wrap(
    pino(
      {
        level,
        base: null,
        messageKey: 'msg',
        timestamp: () => `,"time":"${new Date(systemNow()).toISOString()}"`,
        formatters: { level: (label) => ({ level: label }) },
      },
      target,
    ),
  )
}

function wrap(log: Pino): Logger {
  return {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    error: (fields, message) => log.error(fields, message),
    child: (fields) => wrap(log.child(fields)),
  }
}
