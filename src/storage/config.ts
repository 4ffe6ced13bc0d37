import { z } from 'zod'
import { crossCheck, type Loose, type Report } from '../schema/cross-check.ts'
import { count, duration, text } from '../schema/fields.ts'

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
] as const

const fields = z.strictObject({
  provider: z
    .enum(['memory', 'sqlite', 'redis'])
    .meta({ description: 'Where sessions live; sqlite is ours' })
    .default('memory'),
  path: text('(ours) sqlite: the file; default in the data folder').optional(),
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
  sentinel: z
    .strictObject({
      masterName: text('Name of the master'),
      addresses: addresses.meta({ description: 'host:port of the sentinels' }),
      username: text('ACL user of the sentinels').optional(),
    })
    .meta({ description: '(ours) redis: by Sentinel instead of `address`' })
    .optional(),
  cluster: z
    .strictObject({ addresses: addresses.meta({ description: 'host:port of some nodes' }) })
    .meta({ description: '(ours) redis: a Cluster instead of `address`' })
    .optional(),
  timeouts: timeouts.meta({ description: '(ours) redis: timeouts' }).prefault({}),
})

/** `sessionStorage`: where sessions live. */
export const sessionStorage = crossCheck(fields, checkStorage).transform((v) => ({
  ...v,
  keyPrefix: v.keyPrefix.endsWith(':') ? v.keyPrefix : `${v.keyPrefix}:`,
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
  if (block.provider === 'memory' || block.provider === 'sqlite') {
    for (const key of REDIS_ONLY) {
      if (key === 'db' ? Boolean(block.db) : block[key] !== undefined) {
        report([key], `goes only with the provider redis, not ${block.provider}`)
      }
    }
  }
  if (block.path !== undefined && block.provider !== 'sqlite') {
    report(['path'], 'goes only with the provider sqlite')
  }
}
