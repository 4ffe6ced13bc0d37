import { setTimeout as sleep } from 'node:timers/promises'

/** True while any process of the group lives (zombies count until they are waited for). */
export function isGroupAlive(pgid: number): boolean {
  try {
    process.kill(-pgid, 0)
    return true
  } catch {
    return false
  }
}

/** SIGTERM to the group, SIGKILL to what is left after `graceMs`. Resolves when the group is gone, or a second later. */
export async function endGroup(pgid: number, graceMs: number): Promise<void> {
  for (const [signal, waitMs] of [
    ['SIGTERM', graceMs],
    ['SIGKILL', 1000],
  ] as const) {
    try {
      process.kill(-pgid, signal)
    } catch {
      return
    }
    for (let waited = 0; waited < waitMs; waited += 20) {
      await sleep(20)
      if (!isGroupAlive(pgid)) return
    }
  }
}
