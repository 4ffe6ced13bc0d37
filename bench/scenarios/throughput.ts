import type { Contestant, Group } from '../contestants/contestant.ts'
import type { Running } from '../contestants/running.ts'
import { median, medianRatio, short } from '../report/numbers.ts'
import type { Table } from '../report/table.ts'
import type { Verdict } from '../report/verdict.ts'
import type { Bench, Findings, Section } from './section.ts'
import { loadOnce, runSeries, type Series, type Shape } from './series.ts'
import { startAll, stopAll } from './start-all.ts'

/** Names of the contestants that ratios are taken to. */
export type Judge = (shape: Shape, series: ReadonlyMap<string, Series>) => Verdict[]

const SHAPES: readonly Shape[] = [
  { expected: 'small', connections: 16 },
  { expected: 'small', connections: 256 },
  { expected: 'big', connections: 16 },
  { expected: 'big', connections: 256 },
]
const LOAD_LIMIT = 0.9

/** tools/call, small and 100 kB, 16 and 256 connections, for one group of contestants. */
export function throughput(
  name: string,
  group: Group,
  contestants: readonly Contestant[],
  references: readonly string[],
  judge: Judge,
): Section {
  return {
    name,
    async run(bench) {
      const problems: string[] = []
      const running = await startAll(contestants, bench, problems)
      try {
        await warmUp(running, bench)
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
    const tables: Table[] = []
    const verdicts: Verdict[] = []
    const shapes = bench.settings.quick ? SHAPES.filter(isQuick) : SHAPES
    for (const shape of shapes) {
      const title = `${group} backend, ${describe(shape)}`
      bench.say(title)
      const part = running.filter(({ contestant }) => takesPart(contestant, shape))
      const series = await runSeries(part, shape, bench.settings, bench.generator)
      tables.push(toTable(title, series, references))
      verdicts.push(...judge(shape, new Map(series.map((one) => [one.name, one]))))
      problems.push(...series.flatMap((one) => problemsOf(one, title)))
    }
    return { tables, verdicts, problems }
  }
}

/** CPU ratio of two contestants; NaN if one is not there. */
export function cpuRatio(
  series: ReadonlyMap<string, Series>,
  name: string,
  reference: string,
): number {
  const [one, other] = [series.get(name), series.get(reference)]
  return one === undefined || other === undefined ? Number.NaN : medianRatio(one.cpuUs, other.cpuUs)
}

function isQuick(shape: Shape): boolean {
  return shape.connections === 16
}

function describe(shape: Shape): string {
  const size = shape.expected === 'small' ? 'small result' : '100 kB result'
  return `${size}, ${shape.connections} connections`
}

function takesPart(contestant: Contestant, shape: Shape): boolean {
  if (shape.connections > (contestant.maxConnections ?? Infinity)) return false
  return contestant.extra !== true || shape.connections === 16
}

async function warmUp(running: readonly Running[], bench: Bench): Promise<void> {
  for (const one of running) {
    for (const expected of ['big', 'small'] as const) {
      const shape = { expected, connections: 16 }
      const warm = expected === 'big' ? bench.settings.bigWarm : bench.settings.firstWarm
      await loadOnce(one, shape, bench.settings, warm, bench.generator)
    }
  }
}

function toTable(title: string, series: readonly Series[], references: readonly string[]): Table {
  const present = references.filter((name) => series.some((one) => one.name === name))
  return {
    title,
    intro: '',
    columns: [
      'contestant',
      'CPU µs/call',
      ...present.map((name) => `× ${name}`),
      'child µs',
      'calls/s',
      'p50 ms',
      'p99 ms',
      'RSS MiB',
      'load core',
    ],
    rows: series.map((one) => [
      one.name,
      short(median(one.cpuUs)),
      ...present.map((name) =>
        short(medianRatio(one.cpuUs, series.find((other) => other.name === name)!.cpuUs)),
      ),
      median(one.backendUs) > 0 ? short(median(one.backendUs)) : '–',
      median(one.callsPerSecond).toFixed(0),
      short(median(one.p50Ms)),
      short(median(one.p99Ms)),
      median(one.rssMiB).toFixed(0),
      `${(median(one.loadShare) * 100).toFixed(0)} %`,
    ]),
  }
}

function problemsOf(series: Series, title: string): string[] {
  const wrong = [...new Set(series.problems)].slice(0, 3)
  const problems = wrong.map((problem) => `${series.name}, ${title}: ${problem}`)
  if (median(series.loadShare) > LOAD_LIMIT) {
    problems.push(
      `${series.name}, ${title}: the load generator filled its core, calls/s is its limit; CPU per call still holds`,
    )
  }
  return problems
}
