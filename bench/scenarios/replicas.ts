import { NO_HAPROXY } from '../../test/chaos/support/haproxy.ts'
import { NO_REDIS, startRedis } from '../../test/fixtures/redis/redis-server.ts'
import type { Running } from '../contestants/running.ts'
import { nameOfFleet, withRedis } from '../contestants/with-redis.ts'
import { median, medianRatio, short } from '../report/numbers.ts'
import type { Table } from '../report/table.ts'
import type { Verdict } from '../report/verdict.ts'
import type { Bench, Findings, Section } from './section.ts'
import { loadOnce, runSeries, type Series } from './series.ts'
import { startAll, stopAll } from './start-all.ts'

const SHAPE = { expected: 'small', connections: 16 } as const
/** Each replica has to be warmed up, and gets a part of the calls. */
const WARM_WINDOWS = 3

/** What sessions in Redis cost a call, and what three replicas cost beside one, on the same cores. */
export const replicas: Section = {
  name: 'replicas',
  async run(bench) {
    const missing = [NO_REDIS, NO_HAPROXY].filter((reason) => reason !== false)
    if (missing.length > 0) {
      const problems = missing.map((reason) => `replicas were not measured: it ${reason}`)
      return { tables: [], verdicts: [], problems }
    }
    await using redis = await startRedis()
    const problems: string[] = []
    const running = await startAll(withRedis(redis.address), bench, problems)
    try {
      return await measure(running, bench, problems)
    } finally {
      await stopAll(running)
    }
  },
}

async function measure(
  running: readonly Running[],
  bench: Bench,
  problems: string[],
): Promise<Findings> {
  const { settings, generator } = bench
  bench.say('sessions in Redis, replicas')
  for (const one of running) {
    const windows = one.contestant.name === nameOfFleet(3) ? WARM_WINDOWS : 1
    for (let window = 0; window < windows; window++) {
      await loadOnce(one, SHAPE, settings, settings.firstWarm, generator)
    }
  }
  const series = await runSeries(running, SHAPE, settings, generator)
  problems.push(...series.flatMap((one) => one.problems.slice(0, 3)))
  return { tables: [toTable(series)], verdicts: verdictsOf(series), problems }
}

function toTable(series: readonly Series[]): Table {
  return {
    title: 'Sessions in Redis, and three replicas',
    intro:
      'Legacy client, legacy HTTP backend, small result, 16 connections. The CPU of a fleet is that of all its gateways and of ' +
      'HAProxy. Load generator, backend and Redis run on the same cores.',
    columns: ['what', 'CPU µs/call', 'calls/s', 'p50 ms', 'p99 ms', 'RSS MiB'],
    rows: series.map((one) => [
      one.name,
      short(median(one.cpuUs)),
      median(one.callsPerSecond).toFixed(0),
      short(median(one.p50Ms)),
      short(median(one.p99Ms)),
      median(one.rssMiB).toFixed(0),
    ]),
  }
}

function verdictsOf(series: readonly Series[]): Verdict[] {
  const named = (name: string) => series.find((one) => one.name === name)
  const ratio = (name: string, reference: string, of: 'cpuUs' | 'callsPerSecond') => {
    const [one, other] = [named(name), named(reference)]
    return one === undefined || other === undefined ? Number.NaN : medianRatio(one[of], other[of])
  }
  const [one, three] = [nameOfFleet(1), nameOfFleet(3)]
  return [
    {
      what: 'CPU per call with sessions in Redis, against memory',
      wanted: 1.2,
      unit: '×',
      measured: ratio('sessions in Redis', 'sessions in memory', 'cpuUs'),
    },
    {
      what: 'CPU per call of three replicas behind HAProxy, against one',
      wanted: 1.2,
      unit: '×',
      measured: ratio(three, one, 'cpuUs'),
    },
    {
      what: 'calls per second of one replica behind HAProxy, against three',
      wanted: 1.1,
      unit: '×',
      measured: ratio(one, three, 'callsPerSecond'),
    },
  ]
}
