import { chmod, link, lstat, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { isAppError } from '../base/errors.ts'
import { randomHex } from '../base/ids.ts'
import { userFolders } from '../system/user-folders.ts'
import { appErrors } from './errors.ts'

/** Names the key itself, for a gateway whose user has no folder, or another one than who asks it. */
export const API_KEY_ENV = 'THV_API_KEY'

const ABSENT = new Set(['ENOENT', 'ENOTDIR'])

type Env = Readonly<Record<string, string | undefined>>

/** The file with the key of the API: `api-key` in the state folder of the user. */
export function apiKeyFile(env: Env): string {
  const home = env['HOME'] || homedir()
  return join(userFolders({ env, platform: process.platform, home }).state, 'api-key')
}

/**
 * The key that proves to the gateways of a user that it is the user who asks, and not somebody whose request a proxy on this
 * machine handed on. Undefined: no gateway has made one yet. Rejects with APP_API_KEY if others could read or change it.
 */
export async function findApiKey(env: Env): Promise<string | undefined> {
  const given = env[API_KEY_ENV]
  if (given !== undefined && given !== '') return given
  const file = apiKeyFile(env)
  try {
    const { mode, uid } = await lstat(file)
    const isOurs =
      process.getuid === undefined || (uid === process.getuid() && (mode & 0o077) === 0)
    if (!isOurs) throw appErrors.API_KEY({ file, reason: 'others can read or change it' })
    return (await readFile(file, 'utf8')).trim() || undefined
  } catch (error) {
    if (ABSENT.has((error as NodeJS.ErrnoException).code ?? '')) return undefined
    if (isAppError(error)) throw error
    throw appErrors.API_KEY({ file, reason: (error as Error).message }, error)
  }
}

/** The same; makes one if there is none. Gateways that start at the same time get the same. */
export async function openApiKey(env: Env): Promise<string> {
  const found = await findApiKey(env)
  if (found !== undefined) return found
  const file = apiKeyFile(env)
  const fresh = `${file}.${randomHex(6)}`
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    await writeFile(fresh, `${randomHex(32)}\n`, { mode: 0o600, flag: 'wx' })
    await chmod(fresh, 0o600)
    // Whole or not at all, and never in place of one that is there.
    await link(fresh, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  } catch (error) {
    throw appErrors.API_KEY({ file, reason: (error as Error).message }, error)
  } finally {
    await rm(fresh, { force: true }).catch(() => {})
  }
  const key = await findApiKey(env)
  if (key === undefined) throw appErrors.API_KEY({ file, reason: 'it is empty' })
  return key
}
