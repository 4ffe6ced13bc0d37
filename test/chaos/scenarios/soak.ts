import { setTimeout as sleep } from 'node:timers/promises'
import type { Play, Scenario } from '../support/run-scenario.ts'

/** Between two faults. */
const QUIET_MS = 8_000

/** One fault after the other for so long, replica after replica. */
export function soak(minutes: number): Scenario {
  return {
    name: 'soak',
    title: `${minutes} minutes of one fault after the other`,
    async act(play) {
      const until = performance.now() + minutes * 60_000
      for (let turn = 0; performance.now() < until; turn++) {
        await FAULTS[turn % FAULTS.length]!(play, turn % play.ground.replicas.length)
        await sleep(QUIET_MS)
      }
    },
  }
}

const FAULTS: readonly ((play: Play, replica: number) => Promise<void>)[] = [
  async ({ ground, fault }, at) => {
    fault(`kill -9 of replica ${at}`)
    await ground.replicas[at]!.kill()
    await sleep(2_000)
    await ground.restart(at)
  },
  async ({ ground, fault, wrong }, at) => {
    fault(`SIGTERM to replica ${at}`)
    const code = await ground.replicas[at]!.leave()
    if (code !== 0) wrong(`replica ${at} left with exit code ${code}`)
    await ground.restart(at)
  },
  async ({ ground, fault }) => {
    fault('Redis restarts')
    await ground.redis.stop('SIGTERM')
    await sleep(2_000)
    await ground.redis.start()
  },
  async ({ ground, fault }, at) => {
    fault(`replica ${at} is paused for 4 s`)
    ground.replicas[at]!.pause()
    await sleep(4_000)
    ground.replicas[at]!.resume()
  },
  async ({ ground, fault }) => {
    fault('Redis is slow')
    ground.redisWay.delayMs = 50
    await sleep(4_000)
    ground.redisWay.delayMs = 0
  },
]
