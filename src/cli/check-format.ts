import { cliErrors } from './errors.ts'

/** The value of --format, `text` or `json`. */
export function checkFormat(value: string): 'text' | 'json' {
  if (value === 'text' || value === 'json') return value
  const hint = '--format text or --format json'
  throw cliErrors.BAD_VALUE({ flag: '--format', value, reason: 'is not a format', hint })
}
