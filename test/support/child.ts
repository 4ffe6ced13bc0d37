import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

/** A process of a test, ended with it. */
export interface Child extends AsyncDisposable {
  readonly process: ChildProcess
  /** Everything written so far to stdout and stderr, in the order it arrived. */
  output(): string
  /**
   * Waits for output that matches and returns the match. Fails when the process ends or `timeoutMs` passes before, with
   * the output so far in the message.
   */
  waitFor(pattern: RegExp, timeoutMs: number): Promise<RegExpMatchArray>
  /** SIGTERM, and SIGKILL after `graceMs`. Resolves with the exit code, null if a signal ended it. */
  stop(graceMs?: number): Promise<number | null>
}

export function startChild(
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Child {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
  let output = ''
  const keep = (chunk: Buffer) => void (output += chunk.toString('utf8'))
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  let failure: Error | undefined
  child.on('error', (error) => (failure = error))
  const hasEnded = () =>
    failure !== undefined || child.exitCode !== null || child.signalCode !== null

  const stop = async (graceMs = 5000) => {
    if (!hasEnded()) {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
      await ended
      clearTimeout(timer)
    }
    return child.exitCode
  }
  return {
    process: child,
    output: () => output,
    async waitFor(pattern, timeoutMs) {
      const until = performance.now() + timeoutMs
      for (;;) {
        const match = output.match(pattern)
        if (match) return match
        const reason = hasEnded()
          ? `ended (${failure?.message ?? child.exitCode})`
          : performance.now() > until
            ? `wrote nothing that matches within ${timeoutMs} ms`
            : undefined
        if (reason !== undefined) {
          throw new Error(`${command} ${args.join(' ')} ${reason}: ${pattern}\n${output}`)
        }
        await sleep(20)
      }
    },
    stop,
    [Symbol.asyncDispose]: async () => void (await stop()),
  }
}
