import { hostname } from 'node:os'

/** Which process has a run, as the store says it. */
interface Owner {
  readonly host: string
  readonly pid: number
  /** When the process began: numbers of processes are used again. */
  readonly begun: number
  /** A name that no other one ever has; the name of the replica, where there are several. */
  readonly id: string
  /** Where the replica can be asked whether it lives; empty: nowhere. */
  readonly url: string
}

/** `url`: of the link of this replica. */
export function runOwner(id: string, url?: string): string {
  const parts = [hostname(), process.pid, Math.round(performance.timeOrigin), id]
  return (url === undefined ? parts : [...parts, url]).join('/')
}

/** Its name among the replicas. */
export function replicaOf(owner: string): string | undefined {
  return parse(owner)?.id
}

/** Where it can be asked; undefined: it is no replica. */
export function linkOf(owner: string): { readonly id: string; readonly url: string } | undefined {
  const { id, url = '' } = parse(owner) ?? {}
  return id === undefined || url === '' ? undefined : { id, url }
}

/**
 * True for a process of this machine that has certainly ended, so that its runs go on at once after a crash: nobody has its
 * number any more, or we have it now, as the first process of a container has its predecessor's.
 */
export function isGoneFromHere(owner: string): boolean {
  const found = parse(owner)
  if (found?.host !== hostname()) return false
  if (found.pid === process.pid) return found.begun !== Math.round(performance.timeOrigin)
  return !isAlive(found.pid)
}

function parse(owner: string): Owner | undefined {
  const [host = '', number, begun, id = '', ...rest] = owner.split('/')
  const pid = Number(number)
  if (!Number.isInteger(pid) || pid <= 0) return undefined
  return { host, pid, begun: Number(begun), id, url: rest.join('/') }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // A process of another user is there all the same.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
