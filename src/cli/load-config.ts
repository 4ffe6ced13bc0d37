import { readFile } from 'node:fs/promises'
import { loadVmcpConfig } from '../app/config/load-vmcp-config.ts'
import type { VmcpConfig } from '../app/config/vmcp-config.ts'
import { renderProblem, type Problem } from '../schema/problem.ts'
import type { CommandContext } from './command-spec.ts'
import { cliErrors } from './errors.ts'

/** Loads a configuration file for a command. Prints every problem and throws when there is one. */
export async function loadConfig(file: string, context: CommandContext): Promise<VmcpConfig> {
  const { config, problems, unreadable } = await loadVmcpConfig(file, {
    env: context.env,
    readFile: (path) => readFile(path),
  })
  if (config) return config
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
