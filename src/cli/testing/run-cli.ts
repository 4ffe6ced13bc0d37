import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from '../command-spec.ts'
import { COMMANDS } from '../command-table.ts'
import { runProgram } from '../run-program.ts'

/** What a command printed, and its exit code. */
export interface CliRun {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command line in this process, with the given environment only. */
export async function runCli(
  args: readonly string[],
  env: Record<string, string> = {},
  commands: readonly Command[] = COMMANDS,
): Promise<CliRun> {
  let stdout = ''
  let stderr = ''
  const code = await runProgram(args, commands, {
    program: 'thv',
    env,
    print: (line) => void (stdout += `${line}\n`),
    note: (line) => void (stderr += `${line}\n`),
  })
  return { code, stdout, stderr }
}

/** A home folder with files by path; goes away at the end. */
export function tempHome(files: Readonly<Record<string, string>> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'thv-home-'))
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(folder, path, '..'), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  return {
    folder,
    env: { HOME: folder, XDG_STATE_HOME: join(folder, 'state') },
    path: (...parts: string[]) => join(folder, ...parts),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  }
}
