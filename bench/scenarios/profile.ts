import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { BENCH_FOLDER } from '../contestants/contestant.ts'
import { OURS } from '../contestants/ours.ts'
import * as peers from '../contestants/peers.ts'
import { startContestant } from '../contestants/running.ts'
import { hottest, type CpuProfile } from '../measure/cpu-profile.ts'
import { renderTable } from '../report/table.ts'
import type { Bench } from './section.ts'
import { loadOnce } from './series.ts'

const TOP = 45
const MEASURE_MS = 6000

/** Runs one contestant under `--cpu-prof` and prints the functions with the most time of their own. */
export async function profile(
  name: string,
  big: boolean,
  connections: number,
  bench: Bench,
): Promise<void> {
  const contestant = [...OURS, ...Object.values(peers)].find((one) => one.name === name)
  if (contestant === undefined) throw new Error(`no contestant "${name}"`)
  const folder = mkdtempSync('/tmp/bench-profile-')
  const running = await startContestant(contestant, bench.fixtures, [
    '--cpu-prof',
    `--cpu-prof-dir=${folder}`,
    '--cpu-prof-interval=500',
    '--import',
    `${BENCH_FOLDER}measure/exit-on-sigterm.ts`,
  ])
  const shape = { expected: big ? ('big' as const) : ('small' as const), connections }
  const settings = { ...bench.settings, measureMs: MEASURE_MS }
  const result = await loadOnce(running, shape, settings, 1000, bench.generator)
  await running.stop()
  const cpuUs = (result.cpu.gatewayMs * 1000) / result.calls
  console.log(`${name}: ${cpuUs.toFixed(1)} µs CPU per call, ${result.calls} calls`)
  for (const problem of result.problems) console.log(`! ${problem}`)
  for (const file of readdirSync(folder)) printProfile(`${folder}/${file}`)
}

function printProfile(file: string): void {
  const rows = hottest(JSON.parse(readFileSync(file, 'utf8')) as CpuProfile)
  console.log(`\n${file}`)
  const table = {
    title: '',
    intro: '',
    columns: ['function', 'self %', 'where'],
    rows: rows.slice(0, TOP).map((row) => [row.name, (row.share * 100).toFixed(1), row.where]),
  }
  console.log(renderTable(table))
}
