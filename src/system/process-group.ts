import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** True while any process of the group lives. Linux tells the dead that nobody has waited for yet from the living. */
export async function isGroupAlive(pgid: number): Promise<boolean> {
  try {
    process.kill(-pgid, 0)
  } catch {
    return false
  }
  return process.platform === 'linux' ? hasLivingMember(pgid) : true
}

/** SIGTERM to the group, SIGKILL to what is left after `graceMs`. Resolves when the group is gone, or a second later. */
export async function endGroup(pgid: number, graceMs: number): Promise<void> {
  const steps = [
    ['SIGTERM', graceMs],
    ['SIGKILL', 1000],
  ] as const
  for (const [signal, waitMs] of steps) {
    try {
      process.kill(-pgid, signal)
    } catch {
      return
    }
    for (let waitedMs = 0; waitedMs < waitMs; waitedMs += 25) {
      await sleep(25)
      if (!(await isGroupAlive(pgid))) return
    }
  }
}

async function hasLivingMember(pgid: number): Promise<boolean> {
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = await readFile(`/proc/${name}/stat`, 'latin1').catch(() => '')
    // "pid (name) state ppid pgrp …"; the name may contain anything.
    const [state, , pgrp] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (Number(pgrp) === pgid && state !== 'Z' && state !== 'X') return true
  }
  return false
}
