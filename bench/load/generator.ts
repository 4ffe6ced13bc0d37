import { fork } from 'node:child_process'
import type { LoadOrder, LoadResult } from './closed-loop.ts'
import type { IdleOrder } from './idle-sessions.ts'
import type { LoadMessage } from './main.ts'

/** The load generator in its own process. */
export interface Generator {
  load(order: LoadOrder): Promise<LoadResult>
  idle(order: IdleOrder): Promise<string[]>
  stop(): void
}

const ANSWER_TIMEOUT_MS = 120_000

export function startGenerator(): Generator {
  const child = fork(new URL('main.ts', import.meta.url), { stdio: 'inherit' })

  return {
    load: (order) => ask({ kind: 'load', order }) as Promise<LoadResult>,
    idle: (order) => ask({ kind: 'idle', order }) as Promise<string[]>,
    stop: () => child.kill('SIGKILL'),
  }

  function ask(message: LoadMessage): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => done(new Error('the load generator gives no answer')),
        ANSWER_TIMEOUT_MS,
      )
      const onMessage = (answer: { value?: unknown; error?: string }): void => {
        done(answer.error === undefined ? undefined : new Error(answer.error), answer.value)
      }
      const onExit = (): void => done(new Error('the load generator ended'))
      child.once('message', onMessage as (message: unknown) => void)
      child.once('exit', onExit)
      child.send(message)

      function done(error: Error | undefined, value?: unknown): void {
        clearTimeout(timer)
        child.off('message', onMessage as (message: unknown) => void)
        child.off('exit', onExit)
        if (error === undefined) resolve(value)
        else reject(error)
      }
    })
  }
}
