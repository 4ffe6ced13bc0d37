import { readdir, readFile } from 'node:fs/promises'
import type { ConfigSource, VmcpConfig } from '../app/load-vmcp-config.ts'
import { watchConfig } from '../app/watch-config.ts'
import { serveVmcp, type RunningVmcp } from '../app/serve-vmcp.ts'
import { renderProblem } from '../schema/problem.ts'
import { findPortOwner } from '../system/port-owner.ts'
import { releaseMemory } from '../system/release-memory.ts'
import { tuneCollector } from '../system/tune-collector.ts'
import type { Logger } from '../telemetry/logger.ts'
import { cliErrors } from './errors.ts'
import { installLastResort } from './last-resort.ts'
import { openLog } from './open-log.ts'

/** By then backends have been listed and the first requests answered. */
const SETTLED_MS = 1000

interface GatewayRun {
  readonly config: VmcpConfig
  readonly host: string
  readonly port: number
  readonly stdio: boolean
  readonly debug: boolean
  readonly logFormat: 'auto' | 'json' | 'pretty'
  readonly env: Readonly<Record<string, string | undefined>>
  readonly watched?: WatchedFile
}

interface WatchedFile {
  readonly file: string
  /** What the running configuration was read from. */
  readonly source: ConfigSource
  /** What a new configuration goes through before it takes effect. */
  readonly adapt: (config: VmcpConfig) => Promise<VmcpConfig>
}

/** How long a gateway may drain after a bug that nobody caught. */
const CRASH_GRACE_MS = 10_000

/** Runs a gateway in the foreground until a signal or the end of stdin ends it. Resolves to the exit code. */
export async function runGateway(run: GatewayRun): Promise<number> {
  tuneCollector()
  const { config, host, port, stdio, debug, logFormat: format, env } = run
  const level = debug ? 'debug' : (config.operational.logLevel ?? 'info')
  const log = openLog({ level, format, env })
  const signals = listenForSignals(log)
  const exit = (): void => process.exit(1)
  const releasing = setTimeout(releaseMemory, SETTLED_MS).unref()
  const lastResort = installLastResort(log, { source: process, exit, graceMs: CRASH_GRACE_MS })
  try {
    const stop = AbortSignal.any([signals.stop, lastResort.crashed])
    const running = await serveVmcp({ config, host, port, log, stdio, stop }).catch(
      (error: unknown) => explainListenError(error, run),
    )
    const stopWatching = run.watched && watch(run.watched, run.env, running, log)
    const code = await untilEnd(running, stop, log)
    await stopWatching?.()
    return lastResort.crashed.aborted ? 1 : code
  } finally {
    clearTimeout(releasing)
    signals.close()
    lastResort.close()
  }
}

function watch(
  { file, source, adapt }: WatchedFile,
  env: GatewayRun['env'],
  running: RunningVmcp,
  log: Logger,
): () => Promise<void> {
  const watcher = watchConfig(
    file,
    {
      async onValid(found) {
        const config = await adapt(found)
        if (config.unsupported.length > 0) {
          const problems = config.unsupported.map(renderProblem)
          log.error({ file, problems }, 'configuration not reloaded: it asks for what is missing')
          return
        }
        if (config.remarks.length > 0) {
          log.warn(
            { file, problems: config.remarks.map(renderProblem) },
            'remarks on the configuration',
          )
        }
        await running.reload(config)
        log.info({ file }, 'configuration reloaded')
      },
      onInvalid(problems) {
        const lines = problems.map(renderProblem)
        log.error({ file, problems: lines }, 'configuration not reloaded: the old one stays')
      },
      onMissing(error) {
        log.warn(
          { file, err: error },
          'the configuration file is gone: the old configuration stays',
        )
      },
    },
    {
      env,
      readFile: (path) => readFile(path),
      listFolder: (path) => readdir(path),
      current: source,
    },
  )
  // The file may have changed since it was read.
  void watcher.check()
  const onHangUp = (): void => void watcher.check()
  process.on('SIGHUP', onHangUp)
  return async () => {
    process.off('SIGHUP', onHangUp)
    await watcher.close()
  }
}

/** First signal: `stop` is aborted. Second signal: the process ends at once. */
function listenForSignals(log: Logger): { stop: AbortSignal; close: () => void } {
  const controller = new AbortController()
  const onSignal = (signal: NodeJS.Signals): void => {
    if (controller.signal.aborted) {
      log.warn({ signal }, 'second signal: ending at once')
      process.exit(1)
    }
    log.info({ signal }, 'stopping: calls in flight may finish')
    controller.abort()
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGQUIT'] as const
  for (const signal of signals) process.on(signal, onSignal)
  return {
    stop: controller.signal,
    close() {
      for (const signal of signals) process.off(signal, onSignal)
    },
  }
}

/** Waits for the end of the gateway; `stop` makes it drain. Resolves to the exit code. */
async function untilEnd(running: RunningVmcp, stop: AbortSignal, log: Logger): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  const close = (): void => {
    endInTime(running, log)
    running.close().then(
      () => resolve(0),
      (error: unknown) => {
        log.error({ error: String(error) }, 'did not stop cleanly')
        resolve(1)
      },
    )
  }
  if (stop.aborted) close()
  else stop.addEventListener('abort', close, { once: true })
  running.closed.then(
    () => (stop.aborted ? undefined : resolve(0)),
    (error: unknown) => {
      log.error({ error: String(error) }, 'ended by an error')
      resolve(1)
    },
  )
  return promise
}

/** Whatever still holds the process when the time that the file gives it is over: its supervisor would kill it. */
function endInTime({ endsWithinMs }: RunningVmcp, log: Logger): void {
  const withinMs = endsWithinMs()
  if (withinMs === undefined) return
  // To the end of the process, which may come after the command has ended; it does not hold it.
  setTimeout(() => {
    log.warn({ withinMs }, 'not everything has ended in time: ending at once')
    process.exit(process.exitCode ?? 1)
  }, withinMs).unref()
}

async function explainListenError(error: unknown, { host, port }: GatewayRun): Promise<never> {
  const code = listenCode(error)
  if (code === 'EADDRINUSE') {
    const found = await findPortOwner(port)
    const owner = found && `process ${found.pid} (${found.command})`
    throw cliErrors.PORT_TAKEN({ host, port, owner }, error)
  }
  const reason = code === undefined ? undefined : LISTEN_REASONS[code]
  if (reason !== undefined) throw cliErrors.CANNOT_LISTEN({ host, port, reason }, error)
  throw error
}

const LISTEN_REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not use that port',
  EADDRNOTAVAIL: 'this machine does not have that address',
  ENOTFOUND: 'no such host is known',
}

function listenCode(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as { code?: unknown }
    if (typeof code === 'string' && /^E[A-Z]+$/.test(code)) return code
  }
  return undefined
}
