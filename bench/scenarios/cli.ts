import { spawnSync } from 'node:child_process'
import { oursBundle } from '../contestants/ours.ts'
import { firstQuartile, median, short } from '../report/numbers.ts'
import type { Section } from './section.ts'

interface Command {
  readonly name: string
  readonly args: readonly string[]
  readonly wallMs: number[]
}

/** Wall time of commands that do nothing but start, beside an empty Node process. */
export const cli: Section = {
  name: 'cli',
  async run(bench) {
    const bundle = oursBundle()
    const commands: Command[] = [
      command('node -e 0', ['-e', '0']),
      ...(bundle === undefined
        ? []
        : [command('thv --help', [bundle, '--help']), command('thv version', [bundle, 'version'])]),
    ]
    bench.say('command start-up')
    const problems = bundle === undefined ? ['no bundle: run `npm run build` first'] : []
    for (let round = -1; round < bench.settings.cliRounds; round += 1) {
      for (const one of commands) {
        const problem = runOnce(one, round >= 0)
        if (problem !== undefined && round < 0) problems.push(problem)
      }
    }
    const [empty, ...ours] = commands
    return {
      tables: [
        {
          title: 'Command start-up',
          intro:
            'From the bundle, interleaved, wall time; the ratio is that of the first quartiles.',
          columns: ['command', 'median ms', 'first quartile ms', '× empty process'],
          rows: commands.map((one) => [
            one.name,
            short(median(one.wallMs)),
            short(firstQuartile(one.wallMs)),
            short(firstQuartile(one.wallMs) / firstQuartile(empty!.wallMs)),
          ]),
        },
      ],
      verdicts: ours.map((one) => ({
        what: `${one.name} against an empty Node process`,
        wanted: 1.6,
        unit: '×',
        measured: firstQuartile(one.wallMs) / firstQuartile(empty!.wallMs),
      })),
      problems,
    }
  },
}

function command(name: string, args: readonly string[]): Command {
  return { name, args, wallMs: [] }
}

function runOnce(one: Command, counts: boolean): string | undefined {
  const startedAt = performance.now()
  const result = spawnSync(process.execPath, one.args, { stdio: ['ignore', 'pipe', 'pipe'] })
  if (counts) one.wallMs.push(performance.now() - startedAt)
  return result.status === 0 ? undefined : `${one.name} ended with code ${result.status}`
}
