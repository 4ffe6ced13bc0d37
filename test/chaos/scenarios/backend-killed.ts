import { setTimeout as sleep } from 'node:timers/promises'
import type { Scenario } from '../support/run-scenario.ts'

/** A backend dies in the middle of calls, and comes back without its sessions. */
export const backendKilled: Scenario = {
  name: 'backend',
  title: 'a backend killed, twice',
  async act({ ground, fault }) {
    for (let turn = 0; turn < 2; turn++) {
      fault('kill -9 of the backend')
      await ground.shop.kill()
      await sleep(1_000)
      await ground.shop.start()
      await sleep(5_000)
    }
  },
}
