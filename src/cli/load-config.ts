import { readFile } from 'node:fs/promises'
import { loadVmcpConfig } from '../app/load-vmcp-config.ts'
import type { VmcpConfig } from '../app/load-vmcp-config.ts'
import { renderProblem, type Problem } from '../schema/problem.ts'
import type { CommandContext } from './command-spec.ts'
import { cliErrors } from './errors.ts'

/** A configuration with the text it came from. */
export interface FileConfig {
  readonly config: VmcpConfig
  readonly source: Uint8Array
}

/** Loads a configuration file for a command. Prints every problem and throws when there is one. */
export async function loadConfig(file: string, context: CommandContext): Promise<FileConfig> {
  const { config, problems, unreadable, source } = await loadVmcpConfig(file, {
    env: context.env,
    readFile: (path) => readFile(path),
  })
  if (config && source) return { config, source }
  noteProblems(problems, context)
  const details = { file, count: problems.length, problems }
  throw unreadable ? cliErrors.LOADING_FAILED(details) : cliErrors.VALIDATION_FAILED(details)
}

/** Prints problems, one line each. */
export function noteProblems(problems: readonly Problem[], { note }: CommandContext): void {
  for (const problem of problems) {
    note(problem.severity === 'note' ? `note: ${renderProblem(problem)}` : renderProblem(problem))
  }
}
