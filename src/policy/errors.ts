import { toDurationText } from '../base/duration.ts'
import { defineErrors } from '../base/errors.ts'
import type { Limit } from './rate-limiter.ts'

export const policyErrors = defineErrors('POLICY', {
  AUDIT_FILE: {
    fault: 'environment',
    status: 500,
    message: (d: { path: string; reason: string }) =>
      `Cannot open the audit log "${d.path}": ${d.reason}`,
    hint: () => 'Set audit.logFile to a file in a folder that this user may write',
  },
  RATE_LIMITED: {
    fault: 'caller',
    status: 429,
    message: (d: LimitHit) =>
      `Rate limit exceeded: ${limitText(d)}; try again in ${Math.ceil(d.retryAfterMs / 1000)} s`,
  },
  RATE_LIMITS_UNAVAILABLE: {
    fault: 'environment',
    status: 503,
    message: (d: { reason: string; retryAfterMs: number }) =>
      `Cannot check the rate limits: ${d.reason}`,
    hint: () =>
      'Bring Redis back, or set rateLimiting.whenUnavailable to open to let calls pass meanwhile',
  },
  RATE_LIMITS_FORBIDDEN: {
    fault: 'caller',
    status: 503,
    message: (d: { reason: string; keys: string }) =>
      `Cannot keep rate limits in Redis under "${d.keys}": ${d.reason}`,
    hint: (d: { keys: string }) =>
      `Let the user of sessionStorage do it: ACL SETUSER … ~${d.keys} +@read +@write +@scripting +time`,
  },
  RATE_LIMIT_ANSWER: {
    fault: 'environment',
    status: 502,
    message: (d: { answer: string }) => `Redis answered the rate limit script with ${d.answer}`,
    hint: () => 'Check that sessionStorage leads to a Redis of version 5 or later',
  },
})

interface LimitHit extends Limit {
  retryAfterMs: number
}

/** `all clients together may make 100 calls per 1m0s`, `each user may call "find" 5 times per 10s`. */
function limitText({ scope, tool, maxTokens, refillPeriodMs }: Limit): string {
  const who = scope === 'shared' ? 'all clients together may' : 'each user may'
  const times = `${maxTokens} ${tool === undefined ? 'call' : 'time'}${maxTokens === 1 ? '' : 's'}`
  const what = tool === undefined ? `make ${times}` : `call "${tool}" ${times}`
  return `${who} ${what} per ${toDurationText(refillPeriodMs)}`
}
