import { setTimeout as sleep } from 'node:timers/promises'
import type { Scenario } from '../support/run-scenario.ts'

/**
 * A backend dies in the middle of calls, and comes back without its sessions. Nothing can recover while it is away: what counts
 * is how long after its return.
 */
export const backendKilled: Scenario = {
  name: 'backend',
  title: 'a backend killed, twice',
  async act({ ground, fault }) {
    for (let turn = 0; turn < 2; turn++) {
      await ground.shop.kill()
      await sleep(1_000)
      await ground.shop.start()
      fault('the backend is back')
      await sleep(5_000)
    }
  },
}
