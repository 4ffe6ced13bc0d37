import { defineErrors } from '../base/errors.ts'

interface StoreProblem {
  /** File of the store, or `memory`. */
  store: string
  reason: string
}

interface RedisProblem {
  /** `host:port` */
  store: string
  reason: string
  hint?: string
}

export const storageErrors = defineErrors('STORAGE', {
  CLOSED: {
    fault: 'bug',
    status: 500,
    message: (d: { store: string }) => `Cannot use the store "${d.store}": it is closed`,
  },
  UNAVAILABLE: {
    fault: 'environment',
    status: 503,
    message: (d: StoreProblem) => `Cannot use the store "${d.store}": ${d.reason}`,
    hint: () => 'Check that the folder exists and that this user may write in it',
  },
  LOCKED: {
    fault: 'environment',
    status: 503,
    message: (d: StoreProblem & { waitedMs: number }) =>
      `Cannot use the store "${d.store}": another process kept it locked for ${d.waitedMs} ms`,
    hint: () => 'End the other process, or give each gateway a file of its own',
  },
  FULL: {
    fault: 'environment',
    status: 507,
    message: (d: StoreProblem) => `Cannot write to the store "${d.store}": ${d.reason}`,
    hint: () => 'Free space on that disk; nothing that was written before is lost',
  },
  CORRUPT: {
    fault: 'environment',
    status: 500,
    message: (d: StoreProblem) => `Cannot read the store "${d.store}": ${d.reason}`,
    hint: (d: StoreProblem) =>
      `Move the file away to start with an empty one: mv "${d.store}" "${d.store}.broken"`,
  },
  REDIS_UNREACHABLE: {
    fault: 'environment',
    status: 503,
    message: (d: RedisProblem) => `Cannot reach the Redis at "${d.store}": ${d.reason}`,
    hint: (d: RedisProblem) =>
      d.hint ??
      'Check the address in sessionStorage, and that Redis runs and listens there for this machine',
  },
  REDIS_LOGIN_REFUSED: {
    fault: 'caller',
    status: 503,
    message: (d: RedisProblem & { user: string }) =>
      `Cannot log in to the Redis at "${d.store}" as the user "${d.user}": ${d.reason}`,
    hint: (d: RedisProblem) => d.hint ?? 'Check sessionStorage.username and its password',
  },
  REDIS_FORBIDDEN: {
    fault: 'caller',
    status: 503,
    message: (d: RedisProblem & { user: string }) =>
      `Cannot use the Redis at "${d.store}" as the user "${d.user}": ${d.reason}`,
    hint: (d: { keyPrefix: string }) =>
      `Let the user do it: ACL SETUSER … ~${d.keyPrefix}* &${d.keyPrefix}* +@read +@write +@scripting +@pubsub +@connection +info +time`,
  },
  REDIS_TLS: {
    fault: 'caller',
    status: 503,
    message: (d: RedisProblem) => `Cannot speak TLS with the Redis at "${d.store}": ${d.reason}`,
    hint: (d: RedisProblem) => d.hint ?? 'Check sessionStorage.tls',
  },
  REDIS_DATABASE_UNKNOWN: {
    fault: 'caller',
    status: 503,
    message: (d: { store: string; db: number }) =>
      `Cannot use database ${d.db} of the Redis at "${d.store}": it has none of that number`,
    hint: () => 'Set sessionStorage.db to 0, or raise `databases` of that Redis (16 by default)',
  },
  REDIS_WRONG_KIND: {
    fault: 'caller',
    status: 503,
    message: (d: RedisProblem) => `Cannot use "${d.store}" as Redis: ${d.reason}`,
    hint: (d: RedisProblem) => d.hint ?? 'Check the address in sessionStorage',
  },
  REDIS_MASTER_UNKNOWN: {
    fault: 'caller',
    status: 503,
    message: (d: { store: string; masterName: string }) =>
      `Cannot find the Redis "${d.masterName}": the sentinels at "${d.store}" know no master of that name`,
    hint: () =>
      'Check sessionStorage.sentinel.masterName; the sentinels tell theirs with: SENTINEL MASTERS',
  },
  REDIS_AWAY: {
    fault: 'environment',
    status: 503,
    message: (d: StoreProblem) => `Cannot use the Redis at "${d.store}" now: ${d.reason}`,
    hint: () => 'It is tried again by itself; look at that Redis',
  },
  REDIS_FULL: {
    fault: 'environment',
    status: 507,
    message: (d: StoreProblem) => `Cannot write to the Redis at "${d.store}": ${d.reason}`,
    hint: () =>
      'Raise `maxmemory` of that Redis; to let it evict (`maxmemory-policy`) would lose records that are in use',
  },
  REDIS_FAILED: {
    fault: 'environment',
    status: 503,
    message: (d: StoreProblem) => `The Redis at "${d.store}" refused a command: ${d.reason}`,
    hint: () => 'Look at that Redis: its version, and who else writes under the same keyPrefix',
  },
})
