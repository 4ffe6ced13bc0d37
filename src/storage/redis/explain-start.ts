import type { AppError } from '../../base/errors.ts'
import { storageErrors } from '../errors.ts'
import { describeRedis, type RedisSettings } from '../redis-settings.ts'
import { lookAt } from './look-at.ts'
import { toRedisError, withoutCommand } from './redis-errors.ts'

/** What is wrong with the settings, judged by the first error of the client and, where that says little, by a look at the port. */
export async function explainStart(
  settings: RedisSettings,
  keyPrefix: string,
  error: unknown,
): Promise<AppError> {
  const store = describeRedis(settings)
  const reason = reasonOf(error)
  const fromSentinel = SENTINELS_FAILED.test((error as Error).message)
  const cause = withoutCommand(error)
  const user = settings.username ?? 'default'
  if (/\b(WRONGPASS|NOAUTH|invalid password)\b/.test(reason)) {
    return storageErrors.REDIS_LOGIN_REFUSED(
      { store, user, reason, hint: fromSentinel ? SENTINEL_LOGIN_HINT : loginHint(settings) },
      cause,
    )
  }
  if (/\bNOPERM\b/.test(reason)) {
    return storageErrors.REDIS_FORBIDDEN({ store, user, reason, keyPrefix }, cause)
  }
  if (/DB index is out of range|invalid DB index/i.test(reason)) {
    return storageErrors.REDIS_DATABASE_UNKNOWN({ store, db: settings.db }, cause)
  }
  if (settings.topology.kind === 'sentinel' && /No such master/.test(reason)) {
    const { masterName } = settings.topology
    return storageErrors.REDIS_MASTER_UNKNOWN({ store, masterName }, cause)
  }
  const kind = WRONG_KINDS.find(({ pattern }) => pattern.test(reason))
  if (kind !== undefined) {
    return storageErrors.REDIS_WRONG_KIND({ store, reason: kind.reason, hint: kind.hint }, cause)
  }
  if (isReply(error)) return toRedisError(error, store)
  return (await explainConnection(settings, reason)) ?? toRedisError(error, store)
}

const SENTINELS_FAILED = /^All sentinels are unreachable[^]*Last error: /

const SENTINEL_LOGIN_HINT =
  'The sentinels refuse: check sessionStorage.sentinel.username and the password in THV_SESSION_REDIS_SENTINEL_PASSWORD'

const NOT_REDIS = {
  reason: 'what answers there is not Redis: it does not speak its protocol',
  hint: 'Check host and port in sessionStorage',
}

const WRONG_KINDS = [
  {
    pattern: /^MOVED\b/,
    reason: 'it is a node of a Cluster',
    hint: 'Write sessionStorage.cluster.addresses instead of address',
  },
  {
    pattern: /cluster support disabled/,
    reason: 'it is no node of a Cluster',
    hint: 'Write sessionStorage.address instead of cluster',
  },
  {
    pattern: /^READONLY/,
    reason: 'it is a replica, which takes no writes',
    hint: 'Give the address of the master, or write sessionStorage.sentinel',
  },
  {
    pattern: /unknown command '?`?sentinel/i,
    reason: 'it is no sentinel',
    hint: 'Write sessionStorage.address instead of sentinel, or the port of the sentinels (26379 by default)',
  },
  {
    pattern: /unknown command '?`?(evalsha|set|select)\b/i,
    reason: 'it takes no such commands: a sentinel, perhaps',
    hint: 'Write its address under sessionStorage.sentinel',
  },
  {
    pattern: /Unknown RESP type|Protocol error/,
    ...NOT_REDIS,
  },
]

function loginHint({ password, username }: RedisSettings): string {
  return password === undefined
    ? 'Set the password in THV_SESSION_REDIS_PASSWORD (in Kubernetes: sessionStorage.passwordRef)'
    : `Check the password in THV_SESSION_REDIS_PASSWORD${username === undefined ? '; for an ACL user set sessionStorage.username' : ' and sessionStorage.username'}`
}

/** The port was not reached, or closed on us: which of the two, and does it expect TLS? */
async function explainConnection(
  settings: RedisSettings,
  reason: string,
): Promise<AppError | undefined> {
  const { topology, tls, timeouts } = settings
  const store = describeRedis(settings)
  const addresses = topology.kind === 'standalone' ? [topology.address] : topology.addresses
  const firstTls = topology.kind === 'sentinel' ? topology.tls : tls
  if (firstTls !== undefined && /certificate|altname|self-signed|CERT_|\balert\b/i.test(reason)) {
    return storageErrors.REDIS_TLS({ store, reason, hint: certificateHint(reason) })
  }
  for (const address of addresses) {
    const seen = await lookAt(address, timeouts.dialMs)
    if (seen.kind === 'unreachable') {
      // Of several nodes some may be down; the last one tells.
      if (address === addresses.at(-1)) {
        return storageErrors.REDIS_UNREACHABLE({ store, reason: seen.reason })
      }
      continue
    }
    if (seen.kind === 'tls' && firstTls === undefined) {
      const hint = 'Add `tls: {}` to sessionStorage, with caPath for an authority of your own'
      return storageErrors.REDIS_TLS({ store, reason: 'it expects TLS, and we spoke plain', hint })
    }
    if (seen.kind === 'plain' && !seen.isRedis) {
      return storageErrors.REDIS_WRONG_KIND({ store, ...NOT_REDIS })
    }
    if (seen.kind === 'plain' && firstTls !== undefined) {
      const hint = 'Remove `tls` from sessionStorage, or give the TLS port of that Redis'
      return storageErrors.REDIS_TLS({ store, reason: 'it speaks no TLS on that port', hint })
    }
    if (seen.kind === 'tls') {
      const hint =
        firstTls?.cert === undefined
          ? CLIENT_CERTIFICATE_HINT
          : 'It may not accept our certificate: check tls.certPath and tls.keyPath'
      return storageErrors.REDIS_TLS({ store, reason: `it ended the connection (${reason})`, hint })
    }
    if (seen.kind === 'mute') {
      return storageErrors.REDIS_UNREACHABLE({
        store,
        reason: `it took the connection and did not answer within ${timeouts.readMs + timeouts.writeMs} ms`,
      })
    }
  }
  return undefined
}

const CLIENT_CERTIFICATE_HINT =
  'It may ask for a client certificate: set tls.certPath and tls.keyPath'

function certificateHint(reason: string): string {
  if (/alert/.test(reason)) return CLIENT_CERTIFICATE_HINT
  if (/altname|does not match/i.test(reason)) {
    return 'Write the name that is in its certificate in address, or set tls.serverName'
  }
  return 'Set tls.caPath to the file of the authority that signed its certificate'
}

/** The client hides the reason of a node in an error of its own. */
function reasonOf(error: unknown): string {
  const { message, lastNodeError } = error as Error & { lastNodeError?: Error }
  const reason = lastNodeError?.message ?? message
  // OpenSSL wraps what it says into numbers, functions and files.
  const [, alert] = /:SSL routines:[^:]*:([^:]+):/.exec(reason) ?? []
  return alert ?? reason.replace(SENTINELS_FAILED, '')
}

function isReply(error: unknown): boolean {
  return (error as Error).name === 'ReplyError'
}
