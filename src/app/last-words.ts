import type { Logger } from '../telemetry/logger.ts'

/** Remembers what each backend wrote last on its stderr. */
export interface LastWords {
  /** For whoever logs that; goes on to `log`. */
  readonly log: Logger
  /** One line, cut where it is long; undefined: it has said nothing. */
  of(backend: string): string | undefined
}

const MAX_CHARS = 300

export function createLastWords(log: Logger): LastWords {
  const words = new Map<string, string>()
  const hear = (fields: object): void => {
    const { backend, line } = fields as { backend?: unknown; line?: unknown }
    if (typeof backend === 'string' && typeof line === 'string') {
      words.set(backend, line.length > MAX_CHARS ? `${line.slice(0, MAX_CHARS)}…` : line)
    }
  }
  return { log: hearing(log, {}, hear), of: (backend) => words.get(backend) }
}

function hearing(log: Logger, above: object, hear: (fields: object) => void): Logger {
  const through =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (fields: object, message: string): void => {
      hear({ ...above, ...fields })
      log[level](fields, message)
    }
  return {
    debug: through('debug'),
    info: through('info'),
    warn: through('warn'),
    error: through('error'),
    child: (fields) => hearing(log.child(fields), { ...above, ...fields }, hear),
  }
}
