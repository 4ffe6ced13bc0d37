import { watch, type FSWatcher } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { Problem } from '../schema/problem.ts'
import { loadVmcpConfig, type LoadOptions } from './load-vmcp-config.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'

/** What a watch tells. Only one of them runs at a time, and the next change waits for it. */
export interface ConfigListener {
  onValid(config: VmcpConfig): Promise<void> | void
  onInvalid(problems: readonly Problem[]): void
}

export interface WatchOptions extends LoadOptions {
  /** The text the running configuration came from: the same text again is no change. */
  readonly current?: Uint8Array
  /** Quiet time after a change before the file is read. */
  readonly debounceMs?: number
  /** How often to look without being told, for file systems that do not tell (network, some containers). */
  readonly pollMs?: number
}

export interface ConfigWatch {
  /** Looks now, as after SIGHUP. Resolves when the listener is done. */
  check(): Promise<void>
  close(): Promise<void>
}

/**
 * Watches a vMCP file and tells of every new content that is valid, or of its problems. The folder is watched, not the
 * file: editors replace files by renaming, and Kubernetes swaps a symbolic link somewhere beside it. Content decides, so a
 * touch is no change; a file that is away for a moment is waited for.
 */
export function watchConfig(
  file: string,
  listener: ConfigListener,
  options: WatchOptions,
): ConfigWatch {
  const { debounceMs = 100, pollMs = 2000 } = options
  let last = options.current === undefined ? undefined : Buffer.from(options.current)
  let seen = ''
  let closed = false
  let debounce: NodeJS.Timeout | undefined
  let running = Promise.resolve()

  const check = (): Promise<void> => {
    running = running
      .then(look)
      .catch((error: unknown) => listener.onInvalid([failed(file, error)]))
    return running
  }
  const look = async (): Promise<void> => {
    if (closed) return
    const bytes = await options.readFile(file).catch(() => undefined)
    if (closed || bytes === undefined || last?.equals(bytes)) return
    last = Buffer.from(bytes)
    const { config, problems } = await loadVmcpConfig(file, {
      env: options.env,
      readFile: async () => bytes,
    })
    if (closed) return
    if (config) await listener.onValid(config)
    else listener.onInvalid(problems)
  }
  const soon = (): void => {
    clearTimeout(debounce)
    debounce = setTimeout(() => void check(), debounceMs)
    debounce.unref()
  }
  const watcher = watchFolder(dirname(file), basename(file), soon)
  const poll = setInterval(() => {
    void fingerprint(file).then((now) => {
      if (now !== seen && seen !== '') soon()
      seen = now
    })
  }, pollMs)
  poll.unref()

  return {
    check,
    async close() {
      closed = true
      watcher?.close()
      clearInterval(poll)
      clearTimeout(debounce)
      await running
    },
  }
}

/** Undefined where the folder cannot be watched: then polling alone has to do. */
function watchFolder(folder: string, name: string, changed: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, (_, entry) => {
      // A ConfigMap's update shows as its hidden links (`..data`), never as the file.
      if (entry === null || entry === name || entry.startsWith('..')) changed()
    })
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    return undefined
  }
}

function failed(file: string, error: unknown): Problem {
  const reason = `cannot be put into effect: ${error instanceof Error ? error.message : error}`
  return { file, line: 1, column: 1, path: '', reason, severity: 'error' }
}

/** Changes when the file, or what it links to, is another one or has been written. */
async function fingerprint(file: string): Promise<string> {
  const found = await stat(file).catch(() => undefined)
  return found ? `${found.ino}:${found.size}:${found.mtimeMs}` : 'away'
}
