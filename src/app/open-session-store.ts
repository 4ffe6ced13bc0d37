import { mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname } from 'node:path'
import { systemNow } from '../base/clock.ts'
import type { KeyValue } from '../storage/key-value.ts'
import { openStorage, type StorageSettings } from '../storage/open-storage.ts'
import { describeRedis } from '../storage/redis-settings.ts'
import { createResilientKeyValue, type StoreChange } from '../storage/resilient-key-value.ts'
import type { Stores } from '../storage/stores.ts'
import { userFolders } from '../system/user-folders.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'
import { toRedisSettings } from './redis-settings.ts'
import { isWritableFolder, sessionFile } from './session-file.ts'

/** Where sessions, and what belongs to them, live. Closed as a whole. */
export interface SessionStore {
  readonly provider: StorageSettings['provider']
  /** Rejects while Redis is away. */
  readonly stores: Stores
  /** The records of sessions: goes on while Redis is away. */
  readonly sessions: KeyValue
  /** For metrics. */
  readonly state: () => { readonly isUp: boolean; readonly queuedCount: number }
  close(): Promise<void>
}

export interface SessionStoreOptions {
  readonly sessionStorage: VmcpConfig['sessionStorage']
  /** Of the gateway. */
  readonly name: string
  /** Where it listens; 0: any port, undefined: on stdio. */
  readonly port: number | undefined
  readonly log: Logger
}

/**
 * Opens the stores of `sessionStorage`. Without a provider: SQLite in the user's data folder, so that sessions outlive a
 * restart, where clients can come back to the same port and the folder can be written; else memory.
 */
export async function openSessionStore(options: SessionStoreOptions): Promise<SessionStore> {
  const { sessionStorage, log } = options
  const settings = await toSettings(options)
  // Whom the connection tells is opened after it.
  const connection = { changed: (_up: boolean) => {} }
  const stores = await openStorage(settings, {
    now: systemNow,
    onError: (error) => log.warn({ err: error }, 'Housekeeping of the session store failed'),
    onChange: (up) => connection.changed(up),
  })
  if (settings.provider !== 'redis') {
    log.debug(settings, 'Sessions are stored')
    const state = () => ({ isUp: true, queuedCount: 0 })
    return {
      provider: settings.provider,
      stores,
      sessions: stores.keyValue,
      state,
      close: () => stores.close(),
    }
  }
  const { whenUnavailable } = sessionStorage
  const store = describeRedis(settings.redis)
  const sessions = createResilientKeyValue({
    store: stores.keyValue,
    name: store,
    whenUnavailable,
    now: systemNow,
    onChange: (change) => logChange(change, store, whenUnavailable, log),
  })
  connection.changed = sessions.connected
  log.info({ redis: store, topology: settings.redis.topology.kind }, 'Sessions are stored in Redis')
  if (stores.evictionPolicy !== undefined) {
    log.warn(
      { redis: store, policy: stores.evictionPolicy },
      'This Redis throws away what is in use when its memory is full: set its maxmemory-policy to noeviction',
    )
  }
  return {
    provider: 'redis',
    stores,
    sessions,
    state: () => ({ isUp: sessions.isUp, queuedCount: sessions.queuedCount }),
    async close() {
      await sessions.close()
      await stores.close()
    },
  }
}

async function toSettings(options: SessionStoreOptions): Promise<StorageSettings> {
  const { sessionStorage, name, port, log } = options
  const { keyPrefix, provider } = sessionStorage
  if (provider === 'redis') {
    return { provider, redis: await toRedisSettings(sessionStorage, process.env), keyPrefix }
  }
  if (provider === 'memory') return { provider }
  const { env, platform } = process
  const path =
    sessionStorage.path ??
    sessionFile(userFolders({ env, platform, home: homedir() }).data, name, port ?? 0)
  if (provider === undefined) {
    // Nobody can come back to a port that is another one each time, or to stdin.
    if (!port) return { provider: 'memory' }
    if (!isWritableFolder(dirname(path))) {
      log.info(
        { folder: dirname(path) },
        'Sessions are kept in memory: the data folder cannot be written',
      )
      return { provider: 'memory' }
    }
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  return { provider: 'sqlite', path, keyPrefix }
}

function logChange(
  change: StoreChange,
  redis: string,
  whenUnavailable: 'degrade' | 'refuse',
  log: Logger,
): void {
  if (change.kind === 'down') {
    const news = whenUnavailable === 'degrade' ? 'kept in memory until it is back' : 'refused'
    log.warn(
      { redis, err: change.error },
      `Redis is away: running sessions go on from memory, new ones are ${news}`,
    )
  } else {
    const { downMs, written } = change
    log.info(
      { redis, downMs, written },
      `Redis is back after ${Math.round(downMs / 1000)} s; writes that waited: ${written}`,
    )
  }
}
