import type { Contestant } from '../contestants/contestant.ts'
import { median, short } from '../report/numbers.ts'
import type { Section } from './section.ts'
import { loadOnce, runSeries, type Series } from './series.ts'
import { startAll, stopAll } from './start-all.ts'

const WARM_SHAPE = { expected: 'small', connections: 16 } as const
const SHAPE = { expected: 'small', connections: 1 } as const

/** One connection, closed loop, small result: what a contestant adds to the direct call. The first contestant is `direct`. */
export function latency(contestants: readonly Contestant[]): Section {
  return {
    name: 'latency',
    async run(bench) {
      const problems: string[] = []
      const running = await startAll(contestants, bench, problems)
      try {
        bench.say('latency, one connection')
        for (const one of running) {
          await loadOnce(one, WARM_SHAPE, bench.settings, bench.settings.firstWarm, bench.generator)
        }
        const series = await runSeries(running, SHAPE, bench.settings, bench.generator)
        const direct = series[0]!
        return {
          tables: [
            {
              title: 'Latency, one connection, small result',
              intro: 'Added = contestant minus direct, round by round, medians.',
              columns: ['contestant', 'p50 ms', 'added p50', 'p99 ms', 'added p99', 'CPU µs/call'],
              rows: series.map((one) => row(one, direct)),
            },
          ],
          verdicts: series
            .filter(({ name }) => ['ours-http', 'ours-http-modern', 'ours-stdio'].includes(name))
            .map((one) => ({
              what: `added p50 at one connection, ${one.name}`,
              wanted: 0.3,
              unit: 'ms',
              measured: added(one.p50Ms, direct.p50Ms),
            })),
          problems: [
            ...problems,
            ...series.flatMap((one) => one.problems.slice(0, 2).map((p) => `${one.name}: ${p}`)),
          ],
        }
      } finally {
        await stopAll(running)
      }
    },
  }
}

function row(one: Series, direct: Series): string[] {
  const isDirect = one === direct
  return [
    one.name,
    short(median(one.p50Ms)),
    isDirect ? '–' : short(added(one.p50Ms, direct.p50Ms)),
    short(median(one.p99Ms)),
    isDirect ? '–' : short(added(one.p99Ms, direct.p99Ms)),
    short(median(one.cpuUs)),
  ]
}

function added(values: readonly number[], reference: readonly number[]): number {
  return median(values.map((value, round) => value - reference[round]!))
}
