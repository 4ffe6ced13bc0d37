import { readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'

/** The process that listens on a TCP port. */
export interface PortOwner {
  readonly pid: number
  /** Its command line, shortened. */
  readonly command: string
}

const LISTEN = '0A'
const MAX_COMMAND_CHARS = 120

/**
 * Finds who listens on a TCP port of this machine. Linux only, and only processes this user may look at; undefined when it
 * cannot tell. `proc` is where the process file system is.
 */
export async function findPortOwner(port: number, proc = '/proc'): Promise<PortOwner | undefined> {
  try {
    const inodes = await listeningInodes(port, proc)
    return inodes.size === 0 ? undefined : await ownerOf(inodes, proc)
  } catch {
    return undefined
  }
}

async function listeningInodes(port: number, proc: string): Promise<Set<string>> {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  const inodes = new Set<string>()
  for (const table of ['tcp', 'tcp6']) {
    const text = await readFile(join(proc, 'net', table), 'utf8').catch(() => '')
    for (const line of text.split('\n').slice(1)) {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/)
      if (state === LISTEN && inode !== undefined && local?.endsWith(`:${wanted}`)) {
        inodes.add(inode)
      }
    }
  }
  return inodes
}

async function ownerOf(inodes: ReadonlySet<string>, proc: string): Promise<PortOwner | undefined> {
  for (const pid of await readdir(proc)) {
    if (!/^\d+$/.test(pid)) continue
    const folder = join(proc, pid, 'fd')
    const descriptors = await readdir(folder).catch(() => [])
    for (const descriptor of descriptors) {
      const target = await readlink(join(folder, descriptor)).catch(() => '')
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1]
      if (inode === undefined || !inodes.has(inode)) continue
      return { pid: Number(pid), command: await commandOf(pid, proc) }
    }
  }
  return undefined
}

async function commandOf(pid: string, proc: string): Promise<string> {
  const raw = await readFile(join(proc, pid, 'cmdline'), 'utf8').catch(() => '')
  const command = raw.replaceAll('\0', ' ').trim()
  return command.length > MAX_COMMAND_CHARS ? `${command.slice(0, MAX_COMMAND_CHARS)}…` : command
}
