/**
 * `npm run bench`: contestants side by side, ratios round by round, `docs/reference/benchmarks.md`.
 *
 *     npm run bench                        everything, about ten minutes, writes the document
 *     npm run bench -- --quick             one to two minutes, prints only
 *     npm run bench -- --only http,cli     some sections, prints only
 *     npm run bench -- --only http --write the same, in the document too: the other sections stay, and each says its run
 *     BENCH_FROM=src npm run bench -- …    ours from the source instead of a fresh bundle
 *     npm run bench -- --profile ours-http [--big] [--connections 16]   where the CPU goes
 */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { startFixtures } from './backends/start-fixtures.ts'
import { ROOT_FOLDER } from './contestants/contestant.ts'
import { OURS, oursScript } from './contestants/ours.ts'
import * as peers from './contestants/peers.ts'
import { startGenerator } from './load/generator.ts'
import { loadLine, machineLine } from './measure/machine.ts'
import { renderDocument, verdictTable } from './report/document.ts'
import { mergeRecords, readRecords, writeRecords, type Recorded } from './report/records.ts'
import { renderTable } from './report/table.ts'
import { profile } from './scenarios/profile.ts'
import type { Bench, Findings } from './scenarios/section.ts'
import { SECTIONS } from './scenarios/sections.ts'
import { FULL, QUICK } from './scenarios/settings.ts'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    write: { type: 'boolean', default: false },
    profile: { type: 'string' },
    big: { type: 'boolean', default: false },
    connections: { type: 'string', default: '16' },
  },
})
if (values.profile !== undefined) process.env['BENCH_FROM'] = 'src'
if (process.env['BENCH_FROM'] !== 'src') buildBundle()
// Contestants lead groups of their own: they end with us, however we end.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
process.setMaxListeners(64)
const load = loadLine()
const fixtures = await startFixtures()
const generator = startGenerator()
const bench: Bench = {
  settings: values.quick ? QUICK : FULL,
  fixtures,
  generator,
  say: (text) => console.error(text),
}
try {
  if (values.profile === undefined) await runSections()
  else await profile(values.profile, values.big, Number(values.connections), bench)
} finally {
  generator.stop()
  fixtures.stop()
}

/** So that never an older bundle is measured. */
function buildBundle(): void {
  execFileSync(process.execPath, ['scripts/build.ts'], {
    cwd: ROOT_FOLDER,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

async function runSections(): Promise<void> {
  const names = values.only?.split(',')
  const sections = SECTIONS.filter(({ name }) => names === undefined || names.includes(name))
  if (sections.length === 0) {
    throw new Error(`--only takes ${SECTIONS.map(({ name }) => name).join(', ')}`)
  }
  console.log(`${machineLine()}\n${load}\nours: ${programName()}\n`)
  const run = runLine()
  const records: Recorded[] = []
  for (const section of sections) {
    const findings = await section.run(bench)
    records.push({ section: section.name, run, findings })
    print(findings)
  }
  console.log(`\n${renderTable(verdictTable(records.map(({ findings }) => findings)))}`)
  if (!values.quick && (names === undefined || values.write)) write(records)
}

function print({ tables, problems }: Findings): void {
  for (const table of tables) console.log(`\n${table.title}\n${renderTable(table)}`)
  for (const problem of problems) console.log(`! ${problem}`)
}

function write(fresh: readonly Recorded[]): void {
  const file = `${ROOT_FOLDER}docs/reference/benchmarks`
  const order = SECTIONS.map(({ name }) => name)
  const records = mergeRecords(order, readRecords(`${file}.json`), fresh)
  writeRecords(`${file}.json`, records)
  const contestants = [...Object.values(peers), ...OURS]
  writeFileSync(`${file}.md`, renderDocument({ contestants, records }))
  console.log(`\nwritten: ${file}.md and .json`)
}

function runLine(): string {
  const { rounds, measureMs } = bench.settings
  const time = new Date().toISOString().slice(0, 16).replace('T', ' ')
  return `${time} UTC. ${machineLine()}. ${load} Ours from \`${programName()}\`; ${rounds} rounds of ${measureMs} ms.`
}

function programName(): string {
  return oursScript().replace(ROOT_FOLDER, '')
}
