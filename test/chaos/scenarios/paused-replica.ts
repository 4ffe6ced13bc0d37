import { setTimeout as sleep } from 'node:timers/promises'
import type { Effect } from '../support/ledger.ts'
import type { Scenario } from '../support/run-scenario.ts'

/** Longer than an entry of a replica lives (10 s): the others take over what it had. */
const PAUSE_MS = 14_000

/** SIGSTOP of a replica that owns processes, and SIGCONT when others have taken over: it must not act on what it lost. */
export const pausedReplica: Scenario = {
  name: 'pause',
  title: 'a replica paused for 14 s comes back with stale ownership',
  settleMs: 5_000,
  async act({ ground, fault }) {
    const [paused] = ground.replicas
    fault('SIGSTOP')
    paused!.pause()
    await sleep(PAUSE_MS)
    fault('SIGCONT')
    paused!.resume()
    await sleep(5_000)
  },
  async check({ ground, wrong }) {
    for (const text of staleActs(await ground.ledger.read())) wrong(text)
  },
}

/** A process of a client that did something after another one had taken its place. */
export function staleActs(effects: readonly Effect[]): string[] {
  const pids = new Map<string, number[]>()
  const found: string[] = []
  for (const { id, pid, session } of effects) {
    if (!session.startsWith('pid-')) continue
    const client = id.replace(/-\d+$/, '')
    const seen = pids.get(client) ?? []
    const at = seen.indexOf(pid)
    if (at === -1) pids.set(client, [...seen, pid])
    else if (at < seen.length - 1)
      found.push(`process ${pid} acted for ${client} after it was replaced`)
  }
  return found
}
