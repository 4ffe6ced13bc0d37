import { setTimeout as sleep } from 'node:timers/promises'
import type { Scenario } from '../support/run-scenario.ts'

/** Redis ends and is started again, with its data on disk. */
export const redisRestart: Scenario = {
  name: 'redis-restart',
  title: 'Redis stopped for 5 s and started again',
  async act({ ground, fault }) {
    fault('Redis stops')
    await ground.redis.stop('SIGTERM')
    await sleep(5_000)
    fault('Redis is back')
    await ground.redis.start()
    // Long enough for every session to be compared with its record.
    await sleep(8_000)
  },
}

/**
 * The same with a store that has nothing afterwards. Sessions of clients go on, as every replica writes those it knows again. But
 * a replica that has not used a backend for a client yet begins another session there.
 */
export const redisEmptied: Scenario = {
  name: 'redis-emptied',
  title: 'Redis stopped and started again empty (not promised)',
  isBeyond: true,
  async act({ ground, fault }) {
    fault('Redis stops')
    await ground.redis.admin.flushall()
    await ground.redis.stop('SIGKILL')
    await sleep(2_000)
    fault('Redis is back')
    await ground.redis.start()
    await sleep(8_000)
  },
}

/** Each way to Redis takes 100 ms, and for a while 500 ms. */
export const redisSlow: Scenario = {
  name: 'redis-slow',
  title: 'Redis slow: 200 ms, then 1 s for a round trip',
  async act({ ground, fault }) {
    fault('200 ms')
    ground.redisWay.delayMs = 100
    await sleep(8_000)
    fault('1 s')
    ground.redisWay.delayMs = 500
    await sleep(8_000)
    fault('quick again')
    ground.redisWay.delayMs = 0
    await sleep(2_000)
  },
}
