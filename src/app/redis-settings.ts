import { readFile } from 'node:fs/promises'
import type { HostPort, RedisSettings, RedisTls, RedisTopology } from '../storage/redis-settings.ts'
import type { Env } from './config/resolve-env.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'
import { appErrors } from './errors.ts'

type StorageConfig = VmcpConfig['sessionStorage']
type TlsConfig = NonNullable<StorageConfig['tls']>

/** The password of the user, as the operator puts it in place of `passwordRef`. */
const PASSWORD = 'THV_SESSION_REDIS_PASSWORD'
/** The password for the sentinels; theirs is another than that of Redis. */
const SENTINEL_PASSWORD = 'THV_SESSION_REDIS_SENTINEL_PASSWORD'

/** `sessionStorage` of the provider redis, with passwords from the environment and certificates from their files. */
export async function toRedisSettings(config: StorageConfig, env: Env): Promise<RedisSettings> {
  const password = env[PASSWORD] || undefined
  if (config.passwordRef !== undefined && password === undefined) {
    throw appErrors.SESSION_PASSWORD_MISSING({ variable: PASSWORD })
  }
  const tls = await readTls(config.tls, 'tls')
  return {
    topology: await toTopology(config, tls, env),
    db: config.db,
    timeouts: config.timeouts,
    ...(config.username === undefined ? {} : { username: config.username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls }),
  }
}

async function toTopology(
  { address = '', sentinel, cluster }: StorageConfig,
  tls: RedisTls | undefined,
  env: Env,
): Promise<RedisTopology> {
  if (cluster !== undefined) {
    return { kind: 'cluster', addresses: cluster.addresses.map(toHostPort) }
  }
  if (sentinel === undefined) return { kind: 'standalone', address: toHostPort(address) }
  const { masterName, addresses, username } = sentinel
  const password = env[SENTINEL_PASSWORD] || undefined
  const own = sentinel.tls === undefined ? tls : await readTls(sentinel.tls, 'sentinel.tls')
  return {
    kind: 'sentinel',
    masterName,
    addresses: addresses.map(toHostPort),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(own === undefined ? {} : { tls: own }),
  }
}

/** `host:port`; the schema has checked the shape. */
function toHostPort(address: string): HostPort {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
  return { host, port: Number(address.slice(colon + 1)) }
}

async function readTls(
  config: TlsConfig | undefined,
  field: string,
): Promise<RedisTls | undefined> {
  if (config === undefined || !config.enabled) return undefined
  const { caPath, certPath, keyPath, serverName, insecureSkipVerify } = config
  const read = (path: string, name: string) => readSettingsFile(path, `${field}.${name}`)
  return {
    ...(caPath === undefined ? {} : { ca: await read(caPath, 'caPath') }),
    ...(certPath === undefined ? {} : { cert: await read(certPath, 'certPath') }),
    ...(keyPath === undefined ? {} : { key: await read(keyPath, 'keyPath') }),
    ...(serverName === undefined ? {} : { serverName }),
    insecureSkipVerify,
  }
}

/** Reads a file that `sessionStorage.<field>` names. */
export async function readSettingsFile(path: string, field: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const reason = (error as Error).message
    throw appErrors.SESSION_FILE_UNREADABLE(
      { field: `sessionStorage.${field}`, path, reason },
      error,
    )
  }
}
