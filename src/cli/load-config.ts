import { readdir, readFile } from 'node:fs/promises'
import { loadVmcpConfig } from '../app/load-vmcp-config.ts'
import type { ConfigSource, VmcpConfig } from '../app/load-vmcp-config.ts'
import { renderProblem, type Problem } from '../schema/problem.ts'
import type { CommandContext } from './command-spec.ts'
import { cliErrors } from './errors.ts'

/** A configuration with what it was read from. */
export interface FileConfig {
  readonly config: VmcpConfig
  readonly source: ConfigSource
}

/** Loads a configuration file for a command. Prints every problem and throws when there is one. */
export async function loadConfig(file: string, context: CommandContext): Promise<FileConfig> {
  const { config, problems, unreadable, source } = await loadVmcpConfig(file, {
    env: context.env,
    readFile: (path) => readFile(path),
    listFolder: (path) => readdir(path),
  })
  if (config && source) return { config, source }
  noteProblems(problems, context)
  const count = problems.filter(({ severity }) => severity === 'error').length
  const details = { file, count, problems }
  throw unreadable ? cliErrors.LOADING_FAILED(details) : cliErrors.VALIDATION_FAILED(details)
}

/** Prints problems, one line each; what is no error says so. */
export function noteProblems(problems: readonly Problem[], { note }: CommandContext): void {
  for (const problem of problems) {
    const { severity } = problem
    note(severity === 'error' ? renderProblem(problem) : `${severity}: ${renderProblem(problem)}`)
  }
}
