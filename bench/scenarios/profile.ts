import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { BENCH_FOLDER, type Contestant } from '../contestants/contestant.ts'
import { OURS } from '../contestants/ours.ts'
import * as peers from '../contestants/peers.ts'
import { startContestant } from '../contestants/running.ts'
import { hottest, type CpuProfile, type HotFunction } from '../measure/cpu-profile.ts'
import { renderTable } from '../report/table.ts'
import type { Bench } from './section.ts'
import { loadOnce } from './series.ts'

const TOP = 50
const WARM = { ms: 2000, calls: 20_000 }
const MEASURE_MS = 5000
const WRITE_TIMEOUT_MS = 15_000

/** Profiles one contestant under load and prints the functions with the most time of their own. */
export async function profile(
  name: string,
  big: boolean,
  connections: number,
  bench: Bench,
): Promise<void> {
  const contestant = [...OURS, ...Object.values(peers)].find((one) => one.name === name)
  if (contestant?.launch === undefined) throw new Error(`no contestant "${name}" with a process`)
  const shape = { expected: big ? ('big' as const) : ('small' as const), connections }
  const file = `${mkdtempSync('/tmp/bench-profile-')}/${name}.cpuprofile`
  const running = await startContestant(profiled(contestant, file), bench.fixtures, [
    '--import',
    `${BENCH_FOLDER}measure/profile-on-signal.ts`,
  ])
  try {
    await loadOnce(running, shape, bench.settings, WARM, bench.generator)
    process.kill(running.pid, 'SIGUSR2')
    const settings = { ...bench.settings, measureMs: MEASURE_MS }
    const result = await loadOnce(running, shape, settings, { ms: 100, calls: 0 }, bench.generator)
    process.kill(running.pid, 'SIGUSR2')
    const cpuUs = (result.cpu.gatewayMs * 1000) / result.calls
    console.log(
      `${name}: ${cpuUs.toFixed(1)} µs CPU per call while profiled, ${result.calls} calls`,
    )
    for (const problem of result.problems) console.log(`! ${problem}`)
    await written(file)
    printProfile(file, cpuUs)
  } finally {
    await running.stop()
  }
}

function profiled(contestant: Contestant, file: string): Contestant {
  return {
    ...contestant,
    launch(port, fixtures) {
      const launch = contestant.launch!(port, fixtures)
      return { ...launch, env: { ...launch.env, BENCH_PROFILE_FILE: file } }
    },
  }
}

async function written(file: string): Promise<void> {
  const deadline = performance.now() + WRITE_TIMEOUT_MS
  while (!existsSync(file)) {
    if (performance.now() > deadline) throw new Error('no profile was written')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  await new Promise((resolve) => setTimeout(resolve, 500))
}

function printProfile(file: string, cpuUs: number): void {
  const functions = hottest(JSON.parse(readFileSync(file, 'utf8')) as CpuProfile)
  const cells = (row: HotFunction) => [(row.share * 100).toFixed(1), (row.share * cpuUs).toFixed(2)]
  const columns = ['self %', '≈ µs/call']
  const table = { title: '', intro: '' }
  const byOrigin = originsOf(functions)
  console.log(`\n${file}\n`)
  console.log(
    renderTable({
      ...table,
      columns: ['origin', ...columns],
      rows: byOrigin.map((row) => [row.name, ...cells(row)]),
    }),
  )
  console.log(
    `\n${renderTable({
      ...table,
      columns: ['function', ...columns, 'where'],
      rows: functions.slice(0, TOP).map((row) => [row.name, ...cells(row), row.where]),
    })}`,
  )
}

/** Own time by where it is spent: system calls and collection by name, our code by folder, packages, Node. */
function originsOf(functions: readonly HotFunction[]): HotFunction[] {
  const shares = new Map<string, number>()
  for (const one of functions) {
    const origin = originOf(one)
    shares.set(origin, (shares.get(origin) ?? 0) + one.share)
  }
  return [...shares]
    .map(([name, share]) => ({ name, share, where: '' }))
    .sort((a, b) => b.share - a.share)
}

function originOf({ name, where }: HotFunction): string {
  if (where.startsWith('src/')) return where.split('/').slice(0, 3).join('/').replace(/:\d+$/, '')
  if (where.startsWith('node:')) return `node:${where.slice(5).split(/[/:]/)[0]}`
  if (where.startsWith(':')) return name
  return where.split('/')[0] ?? where
}
