import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { parse } from 'yaml'
import { createTempDir } from '../support/temp-dir.ts'

/** Revisions for which the official suite has a frozen set of requirements. */
export const REQUIREMENT_SETS = ['2025-11-25', '2026-07-28'] as const
export type RequirementSet = (typeof REQUIREMENT_SETS)[number]

export type CheckStatus = 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO'

export interface Check {
  readonly id: string
  readonly status: CheckStatus
  readonly errorMessage?: string
}

/** Checks by scenario. */
export type SuiteResult = ReadonlyMap<string, readonly Check[]>

const PACKAGE = dirname(
  createRequire(import.meta.url).resolve('@modelcontextprotocol/conformance/package.json'),
)

/** Scenarios of a set that count, by leg; the suite runs others too, which do not. */
export async function scoredScenarios(
  set: RequirementSet,
): Promise<Record<'server' | 'client', readonly string[]>> {
  const text = await readFile(join(PACKAGE, 'requirements', `${set}.yaml`), 'utf8')
  const { server, client } = parse(text) as { server: string[]; client: string[] }
  return { server, client }
}

/** Runs every server scenario of the set against a URL. */
export function runServerSuite(url: string, set: RequirementSet): Promise<SuiteResult> {
  return runSuite(['server', '--url', url, '--requirements', set])
}

/** Runs one client scenario; the suite appends its mock server's URL to the command. */
export function runClientScenario(
  command: string,
  scenario: string,
  set: RequirementSet,
): Promise<SuiteResult> {
  return runSuite(['client', '--command', command, '--scenario', scenario, '--spec-version', set])
}

async function runSuite(args: readonly string[]): Promise<SuiteResult> {
  await using folder = await createTempDir('conformance-')
  const main = join(PACKAGE, 'dist', 'index.js')
  const child = spawn(process.execPath, [main, ...args, '-o', folder.path], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')))
  await once(child, 'close')
  const result = await readChecks(folder.path)
  if (result.size === 0) throw new Error(`The suite wrote no checks: ${args.join(' ')}\n${output}`)
  return result
}

/** A folder per scenario, named `leg-scenario-time`; a scenario with a slash is a folder deeper. */
async function readChecks(folder: string): Promise<SuiteResult> {
  const entries = await readdir(folder, { recursive: true })
  const result = new Map<string, Check[]>()
  for (const entry of entries.filter((path) => path.endsWith('checks.json')).sort()) {
    const scenario = dirname(entry)
      .replace(/^server-/, '')
      .replace(/-\d{4}-\d\d-\d\dT[\d-]+Z$/, '')
    result.set(scenario, JSON.parse(await readFile(join(folder, entry), 'utf8')) as Check[])
  }
  return result
}
