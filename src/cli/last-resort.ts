import type { Logger } from '../telemetry/logger.ts'

/** The part of `process` that is needed. */
export interface CrashSource {
  on(event: 'uncaughtException' | 'unhandledRejection', listener: (error: unknown) => void): unknown
  off(
    event: 'uncaughtException' | 'unhandledRejection',
    listener: (error: unknown) => void,
  ): unknown
}

export interface LastResort {
  /** Aborted by an exception that nobody caught: the process has to be stopped. */
  readonly crashed: AbortSignal
  close(): void
}

/**
 * What happens to bugs that nobody caught. A rejected promise nobody looked at is logged, and everything goes on: it has
 * interrupted nothing. An exception has left something half done: it is logged, and the gateway is drained and ended with
 * code 1, so that whoever supervises it starts a clean one; `exit` ends it at once if that takes longer than `graceMs`.
 */
export function installLastResort(
  log: Logger,
  { source, exit, graceMs }: { source: CrashSource; exit: () => void; graceMs: number },
): LastResort {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined

  const onRejection = (error: unknown): void => {
    log.error({ err: error }, 'Bug: a rejected promise that nobody handled')
  }
  const onException = (error: unknown): void => {
    log.error({ err: error }, 'Bug: an exception that nobody caught; stopping')
    timer ??= setTimeout(exit, graceMs)
    timer.unref()
    controller.abort()
  }

  source.on('unhandledRejection', onRejection)
  source.on('uncaughtException', onException)
  return {
    crashed: controller.signal,
    close() {
      clearTimeout(timer)
      source.off('unhandledRejection', onRejection)
      source.off('uncaughtException', onException)
    },
  }
}
