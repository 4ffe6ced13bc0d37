import { createHash } from 'node:crypto'
import { accessSync, constants, mkdirSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The SQLite file for the sessions of a gateway, by its name and port: two gateways of one user have two files, and one that is
 * started again finds its own. `data` is the user's data folder.
 */
export function sessionFile(data: string, name: string, port: number): string {
  const plain = name.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 60)
  // Names that look alike as file names are still two names.
  const mark =
    plain === name ? '' : `-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`
  return join(data, 'sessions', `${plain}${mark}-${port}.db`)
}

/** True if the folder is there, or could be made, and this user may write in it. */
export function isWritableFolder(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}
