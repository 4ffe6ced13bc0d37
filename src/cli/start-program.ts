import type { Command } from './command-spec.ts'
import { runProgram } from './run-program.ts'

const LINGER_MS = 2000

/** Runs this process as `program`. What a command left open may hold the process for at most two more seconds. */
export async function startProgram(program: string, commands: readonly Command[]): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe)
  process.exitCode = await runProgram(process.argv.slice(2), commands, {
    program,
    env: process.env,
    print: (line) => void process.stdout.write(`${line}\n`),
    note: (line) => void process.stderr.write(`${line}\n`),
  })
  setTimeout(() => process.exit(), LINGER_MS).unref()
}

/** Who reads our output may stop reading, as `head` does. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
}
