import { setTimeout as sleep } from 'node:timers/promises'
import type { Scenario } from '../support/run-scenario.ts'

/** `kill -9` of each replica in turn; it comes back before the next one goes. */
export const killEach: Scenario = {
  name: 'kill',
  title: 'kill -9 of each replica in turn',
  async act({ ground, fault }) {
    for (const [index, replica] of ground.replicas.entries()) {
      fault(`kill -9 of replica ${index}`)
      await replica.kill()
      await sleep(3_000)
      await ground.restart(index)
      await sleep(2_000)
    }
  },
}
