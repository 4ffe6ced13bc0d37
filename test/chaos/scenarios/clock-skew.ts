import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Scenario } from '../support/run-scenario.ts'

/** `libfaketime`, where it is installed. */
function faketimeLibrary(): string | undefined {
  try {
    const folder = readdirSync('/usr/lib').find((name) => name.endsWith('-linux-gnu'))
    const path = `/usr/lib/${folder}/faketime`
    return readdirSync(path).includes('libfaketime.so.1') ? `${path}/libfaketime.so.1` : undefined
  } catch {
    return undefined
  }
}

export const NO_FAKETIME: string | false =
  faketimeLibrary() === undefined ? 'needs libfaketime: apt-get install faketime' : false

/** Wall clocks of the replicas: right, ten minutes behind, ten minutes ahead. */
const OFFSETS = ['+0', '-10m', '+10m'] as const

export const clockSkew: Scenario = {
  name: 'clock',
  title: 'clocks 10 min ahead and behind, one replica killed',
  ground: {
    replicaEnv: (index) => ({
      LD_PRELOAD: faketimeLibrary() ?? '',
      FAKETIME: OFFSETS[index] ?? '+0',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    }),
  },
  async act({ ground, fault }) {
    await sleep(6_000)
    fault('kill -9 of the one ahead')
    await ground.replicas[2]!.kill()
    await sleep(3_000)
    await ground.restart(2)
    await sleep(4_000)
  },
}
