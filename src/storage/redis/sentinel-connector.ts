import { SentinelConnector, type SentinelConnectionOptions } from 'ioredis'

/** What of its connector ioredis keeps to itself. */
interface Watching {
  failoverDetector: { cleanup(): void } | null
}

/**
 * Finds the master by the sentinels, and leaves a connection when they tell of another master. Whoever watches for that must not do
 * so while the next connection is made: ioredis 5 takes it for the wish to end the client, which then never connects again, and the
 * replica would be without its store until it is restarted.
 */
export class MasterConnector extends SentinelConnector {
  constructor(options: unknown) {
    super(options as SentinelConnectionOptions)
  }

  override connect(...given: Parameters<SentinelConnector['connect']>) {
    const watching = this as unknown as Watching
    watching.failoverDetector?.cleanup()
    watching.failoverDetector = null
    return super.connect(...given)
  }
}
