import { watch, type FSWatcher } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isAppError } from '../base/errors.ts'
import type { Problem } from '../schema/problem.ts'
import {
  isSameSource,
  mayRefer,
  readConfigSource,
  type ConfigSource,
} from './config/config-source.ts'
import { isYaml, type ManifestFolder } from './config/manifests.ts'
import { parseVmcpConfig, type LoadOptions } from './load-vmcp-config.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'

/** What a watch tells. Only one of them runs at a time, and the next change waits for it. */
export interface ConfigListener {
  onValid(config: VmcpConfig): Promise<void> | void
  onInvalid(problems: readonly Problem[]): void
  /** The file is gone, or cannot be read any more. Told once, until it is back. */
  onMissing?(error: unknown): void
}

export interface WatchOptions extends LoadOptions {
  /** What the running configuration was read from: the same again is no change. */
  readonly current?: ConfigSource
  /** Quiet time after a change before the file is read. */
  readonly debounceMs?: number
  /** How often to look without being told, for file systems that do not tell (network, some containers). */
  readonly pollMs?: number
  /** How long the file may be away before that is told. */
  readonly missingMs?: number
}

export interface ConfigWatch {
  /** Looks now, as after SIGHUP. Resolves when the listener is done. */
  check(): Promise<void>
  close(): Promise<void>
}

/**
 * Watches a vMCP file, and the manifests beside it when it refers to some, and tells of every new content that is valid, or of its problems. The folder is watched, not the
 * file: editors replace files by renaming, and Kubernetes swaps a symbolic link somewhere beside it. Content decides, so a
 * touch is no change; a file that is away for a moment is waited for.
 */
export function watchConfig(
  file: string,
  listener: ConfigListener,
  options: WatchOptions,
): ConfigWatch {
  const { debounceMs = 100, pollMs = 2000, missingMs = 1000 } = options
  let last = options.current
  let seen = ''
  let closed = false
  let debounce: NodeJS.Timeout | undefined
  let again: NodeJS.Timeout | undefined
  /** Editors take a file away for a moment: only what is missing twice is told, once. */
  let missed: 'no' | 'once' | 'told' = 'no'
  let running = Promise.resolve()

  const check = (): Promise<void> => {
    running = running.then(look).catch((error: unknown) => listener.onInvalid(failed(file, error)))
    return running
  }
  const look = async (): Promise<void> => {
    if (closed) return
    const source = await readConfigSource(file, options).catch(missing)
    if (closed || source === undefined) return
    missed = 'no'
    if (last && isSameSource(last, source)) return
    last = source
    const { bytes, manifests } = source
    const { config, problems } = await parseVmcpConfig(bytes, file, options.env, manifests)
    if (closed) return
    if (config) await listener.onValid(config)
    else listener.onInvalid(problems)
  }
  const missing = (error: unknown): undefined => {
    if (missed === 'once' && !closed) listener.onMissing?.(error)
    if (missed === 'no') again = setTimeout(() => void check(), missingMs).unref()
    missed = missed === 'no' ? 'once' : 'told'
  }
  const soon = (): void => {
    clearTimeout(debounce)
    debounce = setTimeout(() => void check(), debounceMs)
    debounce.unref()
  }
  const usesManifests = (): boolean => last !== undefined && mayRefer(last.bytes)
  const matters = (entry: string): boolean =>
    entry === basename(file) || (usesManifests() && isYaml(entry))
  const watcher = watchFolder(dirname(file), matters, soon)
  const poll = setInterval(() => {
    void fingerprint(file, usesManifests() ? options : undefined).then((now) => {
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
      clearTimeout(again)
      await running
    },
  }
}

/** Undefined where the folder cannot be watched: then polling alone has to do. */
function watchFolder(
  folder: string,
  matters: (entry: string) => boolean,
  changed: () => void,
): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, (_, entry) => {
      // A ConfigMap's update shows as its hidden links (`..data`), never as the file.
      if (entry === null || matters(entry) || entry.startsWith('..')) changed()
    })
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    return undefined
  }
}

/** Problems that have their places keep them. */
function failed(file: string, error: unknown): readonly Problem[] {
  if (isAppError(error, 'APP_UNKNOWN_NAMES') && areProblems(error.details['problems'])) {
    return error.details['problems']
  }
  const reason = `cannot be put into effect: ${error instanceof Error ? error.message : error}`
  return [{ file, line: 1, column: 1, path: '', reason, severity: 'error' }]
}

function areProblems(value: unknown): value is readonly Problem[] {
  return Array.isArray(value) && value.length > 0
}

/** Changes when the file, what it links to, or a file that may be a manifest is another one or has been written. */
async function fingerprint(file: string, folder: ManifestFolder | undefined): Promise<string> {
  const path = dirname(file)
  const entries = (await folder?.listFolder(path).catch(() => [])) ?? []
  const files = [file, ...entries.filter(isYaml).map((entry) => join(path, entry))]
  const found = await Promise.all(files.map((each) => stat(each).catch(() => undefined)))
  const marks = found.map((each) => (each ? `${each.ino}:${each.size}:${each.mtimeMs}` : 'away'))
  return marks.join()
}
