import { mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { systemNow } from '../base/clock.ts'
import { openStorage } from '../storage/open-storage.ts'
import type { Stores } from '../storage/stores.ts'
import { userFolders } from '../system/user-folders.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'

/** Opens the stores of `sessionStorage`: memory, or SQLite in the given file or the user's data folder. */
export async function openSessionStore(
  { sessionStorage }: Pick<VmcpConfig, 'sessionStorage'>,
  log: Logger,
): Promise<Stores> {
  const dependencies = {
    now: systemNow,
    onError: (error: unknown) =>
      log.warn({ err: error }, 'Housekeeping of the session store failed'),
  }
  if (sessionStorage.provider !== 'sqlite') return openStorage({ provider: 'memory' }, dependencies)
  const path = sessionStorage.path ?? defaultFile()
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  return openStorage({ provider: 'sqlite', path }, dependencies)
}

function defaultFile(): string {
  const folders = userFolders({ env: process.env, platform: process.platform, home: homedir() })
  return join(folders.data, 'sessions.db')
}
