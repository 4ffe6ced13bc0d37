import { run } from './program.ts'

/** A process, told apart from a later one with the same id by its start. */
export interface Descendant {
  pid: number
  identity: string
}

/** All processes that `pid` has started, and those they have started. */
export async function descendantsOf(pid: number): Promise<Descendant[]> {
  const all = await processes()
  const found: Descendant[] = []
  const parents = [pid]
  for (const parent of parents)
    for (const { pid: child, ppid, identity } of all)
      if (ppid === parent) {
        parents.push(child)
        found.push({ pid: child, identity })
      }
  return found
}

/** Those that still run. */
export async function stillRunning(descendants: readonly Descendant[]): Promise<string[]> {
  const alive = new Set((await processes()).map(({ identity }) => identity))
  return descendants.map(({ identity }) => identity).filter((identity) => alive.has(identity))
}

async function processes(): Promise<{ pid: number; ppid: number; identity: string }[]> {
  const { stdout } = await run('ps', ['-eo', 'pid=,ppid=,stat=,lstart=,args='])
  return stdout.split('\n').flatMap((line) => {
    const [pid, ppid, stat, ...rest] = line.trim().split(/\s+/)
    if (pid === undefined || stat === undefined || stat.startsWith('Z')) return []
    return [{ pid: Number(pid), ppid: Number(ppid), identity: `${pid} ${rest.join(' ')}` }]
  })
}
