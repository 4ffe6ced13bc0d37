import { startFixture, type FixtureVariant } from '../support/fixture.ts'
import { gatewayConfig, startGateway } from '../support/gateway.ts'
import { countChecks, countScored, findLosses } from './compare.ts'
import { judge, type Expectations, type Judgement } from './expectations.ts'
import {
  REQUIREMENT_SETS,
  runServerSuite,
  scoredScenarios,
  type RequirementSet,
  type SuiteResult,
} from './suite.ts'

export interface Score {
  readonly scored: number
  readonly of: number
  readonly passed: number
  readonly failed: number
}

/** One fixture variant on one wire. */
export interface Cell extends Judgement {
  readonly variant: FixtureVariant
  readonly set: RequirementSet
  /** The suite against the fixture itself; undefined where it cannot (stdio, SSE). */
  readonly direct: Score | undefined
  readonly gateway: Score
}

/** The fixture every cell is compared with: it speaks both eras itself, so nothing is lost before the gateway. */
const REFERENCE: FixtureVariant = 'http-dual'

export type Reference = Readonly<Record<RequirementSet, SuiteResult>>

/** The suite against the reference fixture, directly. */
export async function runReference(): Promise<Reference> {
  await using fixture = await startFixture(REFERENCE)
  // Awaited here, or the fixture would end before the suite begins.
  return await runBothSets(fixture.url ?? '')
}

/** Runs both sets through the gateway in front of one variant, and directly where the variant can be reached so. */
export async function runCells(
  variant: FixtureVariant,
  reference: Reference,
  expectations: Expectations,
  command: readonly string[] | undefined,
): Promise<Cell[]> {
  await using fixture = await startFixture(variant)
  const direct =
    variant === REFERENCE
      ? reference
      : variant.startsWith('http')
        ? await runBothSets(fixture.url ?? '')
        : undefined
  await using gateway = await startGateway(
    gatewayConfig({ fixture: fixture.entry }),
    command ? { command, until: 'listening' } : {},
  )
  const through = await runBothSets(gateway.url)
  return Promise.all(
    REQUIREMENT_SETS.map(async (set) => ({
      variant,
      set,
      direct: direct ? await scoreOf(direct[set], set) : undefined,
      gateway: await scoreOf(through[set], set),
      ...judge(findLosses(reference[set], through[set]), expectations[`${variant} ${set}`]),
    })),
  )
}

/** One after the other: both announce changes on the one fixture. */
async function runBothSets(url: string): Promise<Reference> {
  const legacy = await runServerSuite(url, '2025-11-25')
  const modern = await runServerSuite(url, '2026-07-28')
  return { '2025-11-25': legacy, '2026-07-28': modern }
}

async function scoreOf(result: SuiteResult, set: RequirementSet): Promise<Score> {
  const { server } = await scoredScenarios(set)
  return { scored: countScored(result, server), of: server.length, ...countChecks(result) }
}
