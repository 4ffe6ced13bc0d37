import { readdirSync, readFileSync } from 'node:fs'

/** CPU and memory of a contestant and, apart, of the stdio fixture processes it started. */
export interface TreeCpu {
  readonly gatewayMs: number
  readonly backendMs: number
  readonly gatewayRssBytes: number
  readonly backendProcesses: number
}

const TICK_MS = 10
const BACKEND_MARK = 'stdio-backend.ts'

/** Reads /proc: user and system time since the start of each process of the tree, resident memory now. */
export function readTree(rootPid: number): TreeCpu {
  let gatewayMs = 0
  let backendMs = 0
  let gatewayRssBytes = 0
  let backendProcesses = 0
  for (const pid of treeOf(rootPid)) {
    const cpuMs = cpuOf(pid)
    if (pid !== rootPid && isBackend(pid)) {
      backendMs += cpuMs
      backendProcesses += 1
    } else {
      gatewayMs += cpuMs
      gatewayRssBytes += rssBytes(pid)
    }
  }
  return { gatewayMs, backendMs, gatewayRssBytes, backendProcesses }
}

export function rssBytes(pid: number): number {
  const match = /VmRSS:\s+(\d+) kB/.exec(readProc(pid, 'status'))
  return match === null ? 0 : Number(match[1]) * 1024
}

function cpuOf(pid: number): number {
  const fields = statFields(readProc(pid, 'stat'))
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * TICK_MS
}

/** The process and all its descendants that live now. */
function treeOf(rootPid: number): number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid)) continue
    const parent = Number(statFields(readProc(pid, 'stat'))[1])
    const siblings = children.get(parent)
    if (siblings === undefined) children.set(parent, [pid])
    else siblings.push(pid)
  }
  const tree = [rootPid]
  for (const pid of tree) tree.push(...(children.get(pid) ?? []))
  return tree
}

/** Fields of /proc/PID/stat after the command in parentheses: state, ppid, …; utime is 11, stime 12. */
function statFields(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function isBackend(pid: number): boolean {
  return readProc(pid, 'cmdline').includes(BACKEND_MARK)
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}
