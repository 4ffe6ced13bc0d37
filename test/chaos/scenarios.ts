import { backendKilled } from './scenarios/backend-killed.ts'
import { clockSkew } from './scenarios/clock-skew.ts'
import { killEach } from './scenarios/kill-each.ts'
import { pausedReplica } from './scenarios/paused-replica.ts'
import { questions } from './scenarios/questions.ts'
import { redisEmptied, redisRestart, redisSlow } from './scenarios/redis.ts'
import { rollingRestart } from './scenarios/rolling-restart.ts'
import { runsGoOn } from './scenarios/runs.ts'
import type { Scenario } from './support/run-scenario.ts'

/** All scenarios but the soak, in the order of the report. */
export const SCENARIOS: readonly Scenario[] = [
  killEach,
  rollingRestart,
  redisRestart,
  redisEmptied,
  redisSlow,
  backendKilled,
  pausedReplica,
  clockSkew,
  runsGoOn,
  questions,
]
