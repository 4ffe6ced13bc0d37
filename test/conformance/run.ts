import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { FIXTURE_VARIANTS } from '../support/fixture.ts'
import { runClientCell, type ClientCell } from './client-cells.ts'
import { readExpectations } from './expectations.ts'
import { renderReport } from './report.ts'
import { runCells, runReference, type Cell } from './server-cells.ts'
import { REQUIREMENT_SETS } from './suite.ts'
import { fileURLToPath } from 'node:url'

/**
 * Runs the official conformance suite against the fixture and through the gateway, compares check by check, and writes
 * `docs/reference/conformance.md`. Fails on a loss that is not in `expected-failures.json`, and on an entry there that is
 * no loss any more.
 *
 *   npm run conformance -- [--only http-dual,client,…] [--gateway 'program args'] [--dry-run]
 */
const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    gateway: { type: 'string', default: process.env['CONFORMANCE_GATEWAY'] ?? '' },
    'dry-run': { type: 'boolean', default: false },
  },
})
const REPORT = new URL('../../docs/reference/conformance.md', import.meta.url)

const chosen = values.only?.split(',')
const variants = FIXTURE_VARIANTS.filter((variant) => chosen?.includes(variant) ?? true)
const expectations = readExpectations()
const command =
  values.gateway === '' ? undefined : values.gateway.split(' ').map((word) => nodeOf(word))

const reference = await runReference()
for (const set of REQUIREMENT_SETS) {
  const failed = [...reference[set]].filter(([, checks]) =>
    checks.some(({ status }) => status === 'FAILURE'),
  )
  const names = failed.map(([scenario]) => scenario)
  if (names.length > 0) throw new Error(`The fixture itself fails ${set}: ${names.join(', ')}`)
}
const sets = (chosen?.includes('client') ?? true) && command === undefined ? REQUIREMENT_SETS : []
const [cellsByVariant, clients] = await Promise.all([
  inParallel(3, variants, (variant) => runCells(variant, reference, expectations, command)),
  inParallel(1, sets, (set) => runClientCell(set, expectations)),
])
const cells = cellsByVariant.flat()

for (const cell of cells) tell(`${cell.variant} ${cell.set}`, cell)
for (const cell of clients) tell(`client ${cell.set}`, cell)
const isWhole = chosen === undefined && command === undefined
if (isWhole && !values['dry-run']) {
  await writeFile(REPORT, renderReport(cells, clients))
  process.stdout.write(`Wrote ${fileURLToPath(REPORT)}\n`)
}
const all = [...cells, ...clients]
const bad = all.map(({ losses, stale }) => stale.length + losses.filter(isUnexpected).length)
const badCount = bad.reduce((sum, count) => sum + count, 0)
const goodCount = all.reduce((sum, { gateway }) => sum + gateway.passed, 0)
process.stdout.write(`${goodCount} passed, ${badCount} failed\n`)
process.exitCode = badCount > 0 ? 1 : 0

function isUnexpected(loss: { reason?: string | undefined }): boolean {
  return loss.reason === undefined
}

function tell(name: string, cell: Cell | ClientCell): void {
  const { scored, of, passed, failed } = cell.gateway
  const lines = [`${name}: scored ${scored}/${of}, checks ${passed} passed ${failed} failed`]
  for (const { check, gateway, reason, message } of cell.losses) {
    const mark = reason === undefined ? 'LOST    ' : 'expected'
    lines.push(`  ${mark} ${check} (${gateway}): ${reason ?? message}`)
  }
  for (const check of cell.stale) lines.push(`  STALE    ${check}: remove it from the file`)
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** So many at a time: the suite mostly waits. Results in the order of the items. */
async function inParallel<Item, Result>(
  limit: number,
  items: readonly Item[],
  run: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  const waiting = items.entries()
  const work = async () => {
    for (const [index, item] of waiting) results[index] = await run(item)
  }
  await Promise.all(Array.from({ length: limit }, work))
  return results
}

function nodeOf(word: string): string {
  return word === 'node' ? process.execPath : word
}
