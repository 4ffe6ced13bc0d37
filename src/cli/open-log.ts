import { createLogger } from '../telemetry/create-logger.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { CommandContext } from './command-spec.ts'

interface LogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  /** `auto`: pretty on a terminal, JSON otherwise. */
  readonly format: 'auto' | 'json' | 'pretty'
  readonly env: CommandContext['env']
}

/** Opens the log of this process, on stderr. */
export function openLog({ level, format, env }: LogOptions): Logger {
  const { stderr } = process
  const color = stderr.isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
  return createLogger({
    level,
    format: format === 'auto' ? (stderr.isTTY ? 'pretty' : 'json') : format,
    destination: { write: (line) => void stderr.write(line) },
    color,
  })
}
