import { join } from 'node:path'

/** The folders of this product for one user; they need not exist. */
export interface UserFolders {
  readonly config: string
  readonly state: string
  readonly data: string
}

interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly platform: NodeJS.Platform
  readonly home: string
}

/** Where files of a user lie: XDG on Linux, `Library/Application Support` on macOS, `%LOCALAPPDATA%` on Windows. */
export function userFolders({ env, platform, home }: Surroundings): UserFolders {
  const native = nativeFolder(env, platform, home)
  const folder = (variable: string, ...fallback: string[]): string =>
    join(env[variable] || (native ?? join(home, ...fallback)), 'toolhive')
  return {
    config: folder('XDG_CONFIG_HOME', '.config'),
    state: folder('XDG_STATE_HOME', '.local', 'state'),
    data: folder('XDG_DATA_HOME', '.local', 'share'),
  }
}

function nativeFolder(
  env: Surroundings['env'],
  platform: NodeJS.Platform,
  home: string,
): string | undefined {
  if (platform === 'darwin') return join(home, 'Library', 'Application Support')
  if (platform === 'win32') return env['LOCALAPPDATA'] || join(home, 'AppData', 'Local')
  return undefined
}
