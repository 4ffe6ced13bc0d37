import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isJsonObject, type JsonObject } from '../base/json.ts'

/** A workload of this machine that can be reached over HTTP: where its proxy listens. */
export interface LocalWorkload {
  readonly name: string
  readonly url: string
  readonly transport: 'sse' | 'streamable-http'
}

/** What is known of a group: its workloads by name, or that it does not exist and which groups do. */
export type LocalGroup =
  | { readonly kind: 'found'; readonly workloads: readonly LocalWorkload[] }
  | { readonly kind: 'no-group'; readonly groups: readonly string[] }

const DEFAULT_GROUP = 'default'

/**
 * Reads the workloads of a group from the saved run configurations under `stateFolder`. The group `default` always
 * exists. Skipped are workloads without a port, with another transport than these two, and files that cannot be read.
 */
export async function readLocalGroup(stateFolder: string, group: string): Promise<LocalGroup> {
  const groups = await namesIn(join(stateFolder, 'groups'))
  const known = [...new Set([DEFAULT_GROUP, ...groups])].toSorted()
  if (!known.includes(group)) return { kind: 'no-group', groups: known }
  const folder = join(stateFolder, 'runconfigs')
  const configs = await Promise.all(
    (await namesIn(folder)).map((name) => readConfig(join(folder, `${name}.json`), name)),
  )
  const workloads = configs
    .filter((config) => config !== undefined)
    .filter((config) => groupOf(config.value) === group)
    .flatMap(({ name, value }) => toWorkload(name, value) ?? [])
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return { kind: 'found', workloads }
}

async function namesIn(folder: string): Promise<string[]> {
  const files = await readdir(folder).catch(() => [])
  return files.filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -5))
}

async function readConfig(
  path: string,
  fallbackName: string,
): Promise<{ name: string; value: JsonObject } | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'))
    if (!isJsonObject(value)) return undefined
    return { name: textOf(value['name']) ?? fallbackName, value }
  } catch {
    return undefined
  }
}

function groupOf(config: JsonObject): string {
  return textOf(config['group']) ?? DEFAULT_GROUP
}

/** The address of the workload's proxy (cli.md 5.4), without the fragment that only tells clients apart. */
function toWorkload(name: string, config: JsonObject): LocalWorkload | undefined {
  const port = config['port']
  const transport = transportOf(config)
  if (typeof port !== 'number' || port <= 0 || transport === undefined) return undefined
  const remote = textOf(config['remote_url'])
  const path = remotePath(remote) ?? (transport === 'sse' ? '/sse' : remote ? '' : '/mcp')
  return { name, url: `http://127.0.0.1:${port}${path}`, transport }
}

function transportOf(config: JsonObject): LocalWorkload['transport'] | undefined {
  const transport = textOf(config['transport'])
  const mode = textOf(config['proxy_mode']) ?? (transport === 'stdio' ? 'streamable' : transport)
  if (mode === 'streamable' || mode === 'streamable-http') return 'streamable-http'
  return mode === 'sse' ? 'sse' : undefined
}

function remotePath(remote: string | undefined): string | undefined {
  if (remote === undefined || !URL.canParse(remote)) return undefined
  const { pathname, search } = new URL(remote)
  return pathname === '/' ? undefined : `${pathname}${search}`
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
