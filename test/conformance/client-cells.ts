import { fileURLToPath } from 'node:url'
import { countChecks, countScored, findLosses } from './compare.ts'
import { CLIENT_SCENARIOS } from './everything-client.ts'
import { judge, type Expectations, type Judgement } from './expectations.ts'
import type { Score } from './server-cells.ts'
import {
  runClientScenario,
  scoredScenarios,
  type RequirementSet,
  type SuiteResult,
} from './suite.ts'

/** The client suite with the gateway between the suite's mock servers and our client. */
export interface ClientCell extends Judgement {
  readonly set: RequirementSet
  readonly direct: Score
  readonly gateway: Score
  /** Scenarios of the set that were not run, in order. */
  readonly notRun: readonly string[]
}

const COMMAND = `${process.execPath} ${fileURLToPath(new URL('client-main.ts', import.meta.url))}`

/** Scenarios the suite knows for a revision, beyond the scored ones: reported, not scored. */
const UNSCORED = ['json-schema-2020-12-preservation']

export async function runClientCell(
  set: RequirementSet,
  expectations: Expectations,
): Promise<ClientCell> {
  const { client } = await scoredScenarios(set)
  const scenarios = [...client, ...UNSCORED].filter((name) => CLIENT_SCENARIOS.includes(name))
  const direct = await runScenarios(`${COMMAND} direct`, scenarios, set)
  const gateway = await runScenarios(`${COMMAND} gateway`, scenarios, set)
  const scored = client.filter((name) => scenarios.includes(name))
  return {
    set,
    direct: scoreOf(direct, scored),
    gateway: scoreOf(gateway, scored),
    notRun: client.filter((name) => !scenarios.includes(name)),
    ...judge(findLosses(direct, gateway), expectations[`client ${set}`]),
  }
}

async function runScenarios(
  command: string,
  scenarios: readonly string[],
  set: RequirementSet,
): Promise<SuiteResult> {
  const all = new Map<string, SuiteResult extends ReadonlyMap<string, infer V> ? V : never>()
  for (const scenario of scenarios) {
    const result = await runClientScenario(command, scenario, set)
    for (const checks of result.values()) all.set(scenario, checks)
  }
  return all
}

function scoreOf(result: SuiteResult, scored: readonly string[]): Score {
  return { scored: countScored(result, scored), of: scored.length, ...countChecks(result) }
}
