import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'

interface ProgramOptions {
  cwd?: string
  env?: NodeJS.ProcessEnv
}

interface Ended {
  /** Exit code; null when a signal ended it. */
  code: number | null
  stdout: string
  stderr: string
}

/** A program that runs, with what it has printed so far. Dispose it to end it, at last by SIGKILL. */
export interface Program extends AsyncDisposable {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  output(): { stdout: string; stderr: string }
}

/** Starts a program without a shell and without standard input. */
export function start(
  command: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Program {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => void (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => void (stderr += chunk.toString()))
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
  ended.catch(() => {})
  return {
    child,
    ended,
    output: () => ({ stdout, stderr }),
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), 15_000)
      await ended.catch(() => {})
      clearTimeout(timer)
    },
  }
}

/** Runs a program to its end. */
export function run(
  command: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<Ended> {
  return start(command, args, options).ended
}
