import { parseDuration } from '../base/duration.ts'
import { checkChoice } from './check-choice.ts'
import { cliErrors } from './errors.ts'

/** The value of --port. */
export function checkPort(value: string): number {
  const port = Number(value)
  if (/^\d{1,5}$/.test(value) && port <= 65_535) return port
  const hint = '--port 4483, or --port 0 for any free one'
  throw cliErrors.BAD_VALUE({ flag: '--port', value, reason: 'is not a port', hint })
}

/** The value of --session-ttl in milliseconds; undefined for 0, which leaves it to the file. */
export function checkSessionTtl(value: string): number | undefined {
  const read = parseDuration(value)
  const hint = '--session-ttl 30m'
  if (!read.ok) {
    throw cliErrors.BAD_VALUE({ flag: '--session-ttl', value, reason: read.reason, hint })
  }
  if (read.ms < 0) {
    const reason = 'must not be negative'
    throw cliErrors.BAD_VALUE({ flag: '--session-ttl', value, reason, hint })
  }
  return read.ms === 0 ? undefined : read.ms
}

/** The value of --log-format. */
export function checkLogFormat(value: string): 'auto' | 'json' | 'pretty' {
  return checkChoice('--log-format', value, ['auto', 'json', 'pretty'], 'a log format')
}

/** True for the addresses only this machine reaches: `localhost`, `127.x`, `::1`. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  return bare === 'localhost' || bare === '::1' || /^127(\.\d{1,3}){3}$/.test(bare)
}
