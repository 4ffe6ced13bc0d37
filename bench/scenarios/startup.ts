import { spawn } from 'node:child_process'
import { STDIO_BACKEND, type Contestant } from '../contestants/contestant.ts'
import { startContestant } from '../contestants/running.ts'
import { readTree } from '../measure/process-tree.ts'
import { firstQuartile, median, short } from '../report/numbers.ts'
import type { Bench, Section } from './section.ts'
import { explain } from './start-all.ts'

const SETTLE_MS = 1500

interface StartSeries {
  readonly contestant: Contestant
  readonly readyMs: number[]
  readonly rssMiB: number[]
}

/** Spawn until tools/list is answered with the backend's tools, and resident memory 1.5 s later. The first contestant is the floor. */
export function startup(contestants: readonly Contestant[]): Section {
  return {
    name: 'startup',
    async run(bench) {
      const problems: string[] = []
      const { series, childMs } = await measure(contestants, bench, problems)
      const [floor] = series
      return {
        tables: [
          {
            title: 'Start-up and idle memory',
            intro:
              'First quartiles of the rounds. Spawn → `initialize` and `tools/list` answered with the tools of the backends. “Without backend” takes off what the ' +
              `stdio fixture needs by itself to answer (${short(firstQuartile(childMs))} ms); HTTP backends run before. ` +
              'Idle memory: resident, 1.5 s after that, without stdio fixtures.',
            columns: ['contestant', 'ready ms', 'without backend', '× floor', 'idle RSS MiB'],
            rows: series.map((one) => [
              one.contestant.name,
              short(firstQuartile(one.readyMs)),
              short(ownMs(one, childMs)),
              short(firstQuartile(one.readyMs) / firstQuartile(floor!.readyMs)),
              short(median(one.rssMiB)),
            ]),
          },
        ],
        verdicts: series
          .filter(({ contestant }) => contestant.name.startsWith('ours'))
          .flatMap((one) => [
            {
              what: `ready without its backends, ${one.contestant.name}`,
              wanted: 300,
              unit: 'ms',
              measured: ownMs(one, childMs),
            },
            {
              what: `idle memory, ${one.contestant.name}`,
              wanted: 90,
              unit: 'MiB',
              measured: median(one.rssMiB),
            },
          ]),
        problems,
      }
    },
  }
}

async function measure(
  contestants: readonly Contestant[],
  bench: Bench,
  problems: string[],
): Promise<{ series: StartSeries[]; childMs: number[] }> {
  const series = contestants.map((contestant) => ({
    contestant,
    readyMs: [] as number[],
    rssMiB: [] as number[],
  }))
  const childMs: number[] = []
  for (let round = 0; round < bench.settings.readyRounds; round += 1) {
    bench.say(`start-up, round ${round + 1}`)
    childMs.push(await stdioReadyMs())
    for (const one of series) await measureOne(one, bench, problems)
  }
  return { series: series.filter((one) => one.readyMs.length > 0), childMs }
}

async function measureOne(one: StartSeries, bench: Bench, problems: string[]): Promise<void> {
  try {
    const running = await startContestant(one.contestant, bench.fixtures)
    one.readyMs.push(running.readyMs)
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
    one.rssMiB.push(readTree(running.pid).gatewayRssBytes / 1024 / 1024)
    await running.stop()
  } catch (error) {
    problems.push(explain(error))
  }
}

function ownMs(one: StartSeries, childMs: readonly number[]): number {
  const ms = firstQuartile(one.readyMs)
  return one.contestant.group === 'http' ? ms : ms - firstQuartile(childMs)
}

/** Spawn of the stdio fixture → its answer to `initialize`. */
function stdioReadyMs(): Promise<number> {
  const startedAt = performance.now()
  const child = spawn(process.execPath, [STDIO_BACKEND], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.write('{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}\n')
  return new Promise((resolve) => {
    child.stdout.once('data', () => {
      resolve(performance.now() - startedAt)
      child.stdin.end()
    })
  })
}
