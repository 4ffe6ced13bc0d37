/**
 * `npm run chaos`: a fleet of three replicas behind HAProxy with Redis, under load, and what can go wrong with it.
 *
 *     npm run chaos                        all scenarios, a few minutes
 *     npm run chaos -- --only kill,pause   some
 *     npm run chaos -- --write             writes the table of docs/reference/resilience.md
 *     npm run soak -- --minutes 30         one fault after the other for so long
 *     npm run chaos -- --capacity          what a session takes of Redis and of file descriptors
 *     CHAOS_FROM=src npm run chaos         replicas from the source instead of a fresh bundle
 *
 * Exit code 1 when something happened that must never happen; figures that are worse than wanted are printed only. What the
 * replicas wrote is in `.tmp/chaos/<scenario>`.
 */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { loadLine, machineLine } from '../../bench/measure/machine.ts'
import { NO_REDIS } from '../fixtures/redis/redis-server.ts'
import { printCapacity } from './capacity.ts'
import { SCENARIOS } from './scenarios.ts'
import { NO_FAKETIME } from './scenarios/clock-skew.ts'
import { soak } from './scenarios/soak.ts'
import { writeDocument } from './support/document.ts'
import { NO_HAPROXY } from './support/haproxy.ts'
import { lineOf, type Reported } from './support/report.ts'
import { runScenario, type Scenario } from './support/run-scenario.ts'
import { verdictOf } from './support/verdict.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    soak: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '30' },
    capacity: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
for (const missing of [NO_REDIS, NO_HAPROXY]) {
  if (missing === false) continue
  console.error(`The fleet cannot be tried: it ${missing}`)
  process.exit(1)
}
// Programs that were started end with us, however we end.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
process.setMaxListeners(200)

if (process.env['CHAOS_FROM'] !== 'src') {
  const stdio = ['ignore', 'ignore', 'inherit'] as const
  execFileSync(process.execPath, ['scripts/build.ts'], { cwd: ROOT, stdio: [...stdio] })
}
const machine = `${machineLine()}. ${loadLine()}`
console.log(machine)
if (values.capacity) {
  await printCapacity()
  process.exit(0)
}
const reported: Reported[] = []
let passed = 0
let failed = 0
for (const scenario of chosen()) {
  if (scenario.name === 'clock' && NO_FAKETIME !== false) {
    console.log(`${scenario.name}: skipped, it ${NO_FAKETIME}`)
    continue
  }
  if (await runOne(scenario)) passed++
  else failed++
}
if (values.write) await writeDocument(reported, machine)
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed > 0 ? 1 : 0)

async function runOne(scenario: Scenario): Promise<boolean> {
  try {
    const one = {
      scenario,
      outcome: await runScenario(scenario, `${ROOT}.tmp/chaos/${scenario.name}`),
    }
    reported.push(one)
    console.log(lineOf(one))
    for (const note of one.outcome.notes) console.log(`    ${note}`)
    return scenario.isBeyond === true || verdictOf(one.outcome.figures).broken.length === 0
  } catch (error) {
    console.log(`${scenario.name}: could not be run`)
    console.log(error)
    return false
  }
}

function chosen(): readonly Scenario[] {
  if (values.soak) return [soak(Number(values.minutes))]
  const names = values.only?.split(',')
  const some = SCENARIOS.filter(({ name }) => names === undefined || names.includes(name))
  if (some.length === 0) {
    throw new Error(`--only takes ${SCENARIOS.map(({ name }) => name).join(', ')}`)
  }
  return some
}
