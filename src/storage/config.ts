import { z } from 'zod'
import { crossCheck, type Loose, type Report } from '../schema/cross-check.ts'
import { count, duration, text } from '../schema/fields.ts'
import { withKeyHints } from '../schema/key-hints.ts'

/** What session keys start with where the file gives nothing. */
export const DEFAULT_KEY_PREFIX = 'thv:vmcp:session:'

const address = z
  .string()
  .regex(/^(\[[0-9a-fA-F:.]+\]|[^\s:/]+):\d{1,5}$/, { error: 'must be host:port' })
const addresses = z.array(address).min(1)

const tls = crossCheck(
  z.strictObject({
    enabled: z.boolean().meta({ description: 'The block alone turns it on' }).default(true),
    caPath: text('PEM file with trust anchors').optional(),
    certPath: text('PEM file with our certificate').optional(),
    keyPath: text('PEM file with its key').optional(),
    serverName: text('Name expected in the certificate').optional(),
    insecureSkipVerify: z
      .boolean()
      .meta({ description: 'Accept any certificate; for tests' })
      .default(false),
  }),
  (block, report) => {
    if ((block.certPath === undefined) === (block.keyPath === undefined)) return
    report([], 'needs both or neither of `certPath` and `keyPath`')
  },
)

const timeouts = z
  .strictObject({
    dial: duration('Longest time to connect', 'positive').prefault('5s'),
    read: duration('Longest wait for an answer', 'positive').prefault('3s'),
    write: duration('Longest time to send', 'positive').prefault('3s'),
  })
  .transform((v) => ({ dialMs: v.dial, readMs: v.read, writeMs: v.write }))

const REDIS_ONLY = [
  'address',
  'db',
  'username',
  'tls',
  'sentinel',
  'cluster',
  'passwordRef',
  'whenUnavailable',
] as const

const encryptionKey = crossCheck(
  z.strictObject({
    id: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,32}$/, {
        error: 'must be 1 to 32 letters, digits, "-" or "_"',
      })
      .meta({ description: 'Stands beside what the key sealed' }),
    keyEnv: text('Environment variable with 32 bytes in base64 or hexadecimal').optional(),
    keyFile: text('File with them').optional(),
  }),
  (key, report) => {
    if ((key.keyEnv === undefined) === (key.keyFile === undefined)) {
      report(
        [],
        'needs exactly one of `keyEnv` and `keyFile`',
        'make one with: openssl rand -base64 32',
      )
    }
  },
)

const encryption = crossCheck(
  z.strictObject({
    keys: z
      .array(encryptionKey)
      .min(1)
      .meta({ description: 'The first one seals, all of them open' }),
  }),
  ({ keys }, report) => {
    if (!Array.isArray(keys)) return
    const ids = keys.map((key: unknown) => (key as { id?: unknown } | null)?.id)
    for (const [index, id] of ids.entries()) {
      if (typeof id === 'string' && ids.indexOf(id) < index) {
        report(['keys', index, 'id'], `"${id}" is the id of an earlier key already`)
      }
    }
  },
)

const REDIS_PASSWORD =
  'no password in the file: set THV_SESSION_REDIS_PASSWORD; in Kubernetes `passwordRef` names its Secret'

const fields = withKeyHints(
  z.strictObject({
    provider: z
      .enum(['memory', 'sqlite', 'redis'])
      .meta({
        description:
          'Where sessions live; sqlite is ours. Without it: sqlite where there is a data folder and a fixed port, else memory',
      })
      .optional(),
    path: text(
      '(ours) sqlite: the file; by default one per name and port in the data folder',
    ).optional(),
    address: address.meta({ description: 'redis: host:port' }).optional(),
    db: count('redis: number of the database', 0).default(0),
    keyPrefix: text('What keys start with; a missing colon at the end is added').default(
      DEFAULT_KEY_PREFIX,
    ),
    passwordRef: z
      .strictObject({ name: text('Name of the Secret'), key: text('Key in it') })
      .meta({
        description: 'Kubernetes only; elsewhere the password is THV_SESSION_REDIS_PASSWORD',
      })
      .optional(),
    username: text('(ours) redis: ACL user').optional(),
    tls: tls.meta({ description: '(ours) redis: TLS' }).optional(),
    sentinel: withKeyHints(
      z.strictObject({
        masterName: text('Name of the master'),
        addresses: addresses.meta({ description: 'host:port of the sentinels' }),
        username: text('ACL user of the sentinels').optional(),
        tls: tls
          .meta({ description: 'TLS with the sentinels; by default as with Redis' })
          .optional(),
      }),
      { password: 'no password in the file: set THV_SESSION_REDIS_SENTINEL_PASSWORD' },
    )
      .meta({ description: '(ours) redis: by Sentinel instead of `address`' })
      .optional(),
    cluster: z
      .strictObject({ addresses: addresses.meta({ description: 'host:port of some nodes' }) })
      .meta({ description: '(ours) redis: a Cluster instead of `address`' })
      .optional(),
    timeouts: timeouts.meta({ description: '(ours) redis: timeouts' }).prefault({}),
    whenUnavailable: z
      .enum(['degrade', 'refuse'])
      .meta({
        description:
          '(ours) redis: new sessions while Redis is away: kept in memory and written later (degrade, the default), or refused with 503',
      })
      .optional(),
    encryption: encryption
      .meta({ description: '(ours) Keys that seal what is secret before it is stored' })
      .optional(),
  }),
  {
    password: REDIS_PASSWORD,
    redisPassword: REDIS_PASSWORD,
    passwordSecretRef: 'write `passwordRef: { name, key }`',
    url: 'write `provider: redis` and `address: host:port`',
    host: 'write `address: host:port`',
    port: 'write `address: host:port`',
    ttl: 'it is `operational.sessions.ttl`',
  },
)

/** `sessionStorage`: where sessions live. */
export const sessionStorage = crossCheck(fields, checkStorage).transform((v) => ({
  ...v,
  keyPrefix: v.keyPrefix.endsWith(':') ? v.keyPrefix : `${v.keyPrefix}:`,
  whenUnavailable: v.whenUnavailable ?? 'degrade',
}))

/** `sessionStorage`, checked, with defaults; `keyPrefix` ends with a colon. */
export type SessionStorageConfig = z.output<typeof sessionStorage>

function checkStorage(block: Loose<z.output<typeof fields>>, report: Report): void {
  if (block.provider === 'redis') {
    const ways = (['address', 'sentinel', 'cluster'] as const).filter((k) => block[k] !== undefined)
    if (ways.length !== 1) {
      report([], 'needs exactly one of `address`, `sentinel` and `cluster` for the provider redis')
    }
    if (block.cluster !== undefined && typeof block.db === 'number' && block.db !== 0) {
      report(['db'], 'must be 0 with a Cluster')
    }
  }
  if (block.provider === 'memory' || block.provider === 'sqlite' || block.provider === undefined) {
    const not = block.provider === undefined ? '' : `, not ${block.provider}`
    const hint = block.provider === undefined ? 'write `provider: redis`' : undefined
    for (const key of REDIS_ONLY) {
      if (key === 'db' ? Boolean(block.db) : block[key] !== undefined) {
        report([key], `goes only with the provider redis${not}`, hint)
      }
    }
  }
  if (block.path !== undefined && block.provider !== 'sqlite') {
    report(['path'], 'goes only with the provider sqlite')
  }
  if (block.encryption !== undefined && block.provider === 'memory') {
    report(['encryption'], 'goes only with the providers sqlite and redis: memory keeps nothing')
  }
}
