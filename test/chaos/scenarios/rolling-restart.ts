import { setTimeout as sleep } from 'node:timers/promises'
import type { Scenario } from '../support/run-scenario.ts'

/** SIGTERM, wait, start again, one after the other, as an update of a Deployment does it. */
export const rollingRestart: Scenario = {
  name: 'rolling',
  title: 'rolling restart of all replicas',
  async act({ ground, fault, wrong }) {
    for (const [index, replica] of ground.replicas.entries()) {
      fault(`SIGTERM to replica ${index}`)
      const code = await replica.leave()
      if (code !== 0) wrong(`replica ${index} left with exit code ${code}`)
      await ground.restart(index)
      // HAProxy has seen that it is ready.
      await sleep(1_500)
    }
  },
}
