import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** In the environment of every child and so of all its descendants: `owner:number`. Finds those that left their group. */
export const OWNER_VARIABLE = 'THV_OWNER'

/**
 * Kills every process that carries the mark in its environment. Linux only (`/proc`); elsewhere it does nothing, and the
 * process group is all we have.
 */
export async function endMarked(mark: string): Promise<void> {
  if (process.platform !== 'linux') return
  // Again until none is found: they take a moment to die, and may have started others meanwhile.
  for (let round = 0; round < 50; round++) {
    const pids = await markedProcesses(mark)
    if (pids.length === 0) return
    for (const pid of pids) kill(pid)
    await sleep(20)
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Gone already.
  }
}

async function markedProcesses(mark: string): Promise<number[]> {
  const wanted = Buffer.from(`\0${OWNER_VARIABLE}=${mark}\0`)
  const found: number[] = []
  for (const name of await readdir('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid) || pid === process.pid) continue
    // Not ours, or gone: either way nothing to read.
    const environ = await readFile(`/proc/${name}/environ`).catch(() => undefined)
    if (environ !== undefined && Buffer.concat([NUL, environ]).includes(wanted)) found.push(pid)
  }
  return found
}

const NUL = Buffer.from([0])
