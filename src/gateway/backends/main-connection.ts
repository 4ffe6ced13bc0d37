import type { Backoff } from '../../base/backoff.ts'
import type { BackendConnection } from '../../mcp/backend-connection.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { Slot } from './slot.ts'

export interface MainConnectionOptions {
  readonly slot: Slot
  readonly backoff: Backoff
  /** The connection is there; when this rejects, it counts as failed and is tried again. */
  readonly onUp: (connection: BackendConnection) => Promise<void>
  readonly onFailed: (error: unknown) => void
  readonly log: Logger
}

/** Keeps the gateway's own connection to a backend alive: connect, list, and again with growing pauses when it is lost. */
export interface MainConnection {
  /** Resolves when the first attempt has ended, well or not. */
  readonly settled: Promise<void>
  start(): void
  /** The connection was lost: begin again, at once the first time. */
  lost(): void
  /** Tries now if it is waiting for its next try. */
  poke(): void
  stop(): void
}

/** A connection that stands so long begins with short pauses again; before that, it counts as one more failure. */
const GOOD_TIME_MS = 30_000

export function createMainConnection(options: MainConnectionOptions): MainConnection {
  const { slot, backoff, log } = options
  let good: NodeJS.Timeout | undefined
  let timer: NodeJS.Timeout | undefined
  let running = false
  let stopped = false
  let settle: () => void = () => {}
  const settled = new Promise<void>((resolve) => (settle = resolve))

  async function attempt(): Promise<void> {
    if (running || stopped) return
    running = true
    clearTimeout(timer)
    timer = undefined
    try {
      const connection = await slot.open()
      await options.onUp(connection)
      good = setTimeout(() => backoff.reset(), GOOD_TIME_MS).unref()
    } catch (error) {
      if (!stopped) options.onFailed(error)
    } finally {
      running = false
      settle()
    }
    if (slot.connection === undefined) again()
  }

  function again(): void {
    clearTimeout(good)
    if (stopped || running || timer !== undefined) return
    const delayMs = backoff.tries === 0 ? firstDelay() : backoff.nextMs()
    log.debug({ delayMs }, 'Will connect again')
    timer = setTimeout(() => void attempt(), delayMs)
    timer.unref()
  }

  /** The first loss after a good time is healed at once; the count starts all the same. */
  function firstDelay(): number {
    return Math.min(backoff.nextMs(), 100)
  }

  return {
    settled,
    start: () => void attempt(),
    lost: again,
    poke() {
      if (timer !== undefined) void attempt()
    },
    stop() {
      stopped = true
      clearTimeout(good)
      clearTimeout(timer)
      settle()
    },
  }
}
