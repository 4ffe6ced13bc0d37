import type { Logger } from '../telemetry/logger.ts'

/** Opens the log of this process on stderr. */
export function openLog(_options: {
  debug: boolean
  logFormat: 'auto' | 'json' | 'pretty'
}): Logger {
  return lines({})
}

function lines(base: object): Logger {
  const write = (level: string) => (fields: object, msg: string) =>
    void process.stderr.write(
      `${JSON.stringify({ level, time: new Date().toISOString(), msg, ...base, ...fields })}\n`,
    )
  return {
    debug: () => {},
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (fields) => lines({ ...base, ...fields }),
  }
}
