import { setTimeout as sleep } from 'node:timers/promises'
import { isAppError } from '../base/errors.ts'
import type { BackendConnection } from '../mcp/backend-connection.ts'
import type { KeyValue } from '../storage/key-value.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Directory } from './directory.ts'
import { OwnedConnection } from './owned-connection.ts'
import { readPlace, writePlace } from './place-record.ts'
import type { Replica } from './replica.ts'
import type { SharedConnect } from './shared-connect.ts'
import { isStoreAway } from './store-away.ts'

export interface ProcessesOptions {
  readonly store: KeyValue
  readonly directory: Directory
  /** Life of a record that is not prolonged, milliseconds; asked each time. */
  readonly ttlMs: () => number
  /** Reaches what another replica has. Rejects with CLUSTER_LINK or CLUSTER_NOT_OWNER. */
  readonly openRemote: (
    replica: Replica,
    wanted: SharedConnect,
    signal: AbortSignal,
  ) => Promise<BackendConnection>
  /** How long to wait for a replica of which nobody knows whether it lives, milliseconds. */
  readonly patienceMs: number
  readonly log: Logger
}

/**
 * Connections that live in one process: children on stdio, streams of HTTP+SSE. A record says which replica has one, the
 * version of the record is its fence; the record holds as long as the replica lives.
 */
export interface Processes {
  /** Ours, or one of another replica; begun anew where the replica that had it is dead. */
  connect(wanted: SharedConnect, key: string): Promise<BackendConnection>
  /**
   * Looks whether records still say what is ours, some at a time: a store that failed over may have forgotten the latest. What it
   * forgot is claimed again; what others began meanwhile is theirs, and ours ends. Never rejects.
   */
  look(): Promise<void>
  /** We may have been taken for dead: claims each again, and drops what others have taken. Rejects as the store does. */
  reclaim(): Promise<void>
  /** This replica leaves: others begin anew at once, what runs here may end. Never rejects. */
  handOver(): Promise<void>
}

const AGAIN_MS = 200
const LOOK_MS = 1_000
/** Records that are looked at in one go. */
const LOOKS = 64

export function createProcesses(options: ProcessesOptions): Processes {
  const { store, directory, log } = options
  const { self } = directory
  const owned = new Map<string, OwnedConnection>()
  let looking = false

  function record(key: string, gone = false): string {
    return writePlace({ kind: 'process', replica: self.id, url: self.url, gone }, key, undefined)
  }

  async function connect(wanted: SharedConnect, key: string): Promise<BackendConnection> {
    const until = performance.now() + options.patienceMs
    for (;;) {
      await directory.ready()
      const entry = await store.get(key)
      const found = entry && readPlace(entry.value, key, undefined)
      if (found?.kind === 'process' && !found.gone && found.replica !== self.id) {
        const reached = await reach(found.replica, found.url, wanted)
        if (typeof reached === 'object') return reached
        if (reached === 'later') {
          if (performance.now() > until) throw busy(found.replica)
          await sleep(AGAIN_MS)
          continue
        }
        log.warn(
          { backend: wanted.place.backend, replica: found.replica },
          'Took over a connection of a replica that has died: its state is lost',
        )
      }
      const when = entry === undefined ? 'absent' : { version: entry.version }
      const fence = await store.set(key, record(key), { ttlMs: options.ttlMs(), when })
      if (fence !== undefined) return begin(wanted, key, fence, entry !== undefined)
    }
  }

  async function reach(
    id: string,
    url: string | undefined,
    wanted: SharedConnect,
  ): Promise<BackendConnection | Verdict> {
    const replica = await directory.find(id, url)
    if (replica === undefined) return (await directory.isAlive(id)) ? 'later' : 'dead'
    // To open it may take long; to be dead while somebody waits must not.
    const abort = new AbortController()
    const watch = setInterval(() => {
      void directory.isAlive(id, replica.url).then((alive) => {
        if (!alive) abort.abort()
      })
    }, LOOK_MS).unref()
    try {
      return await options.openRemote(replica, wanted, abort.signal)
    } catch (error) {
      if (isAppError(error, 'CLUSTER_NOT_OWNER')) return 'later'
      if (!isAppError(error, 'CLUSTER_LINK')) throw error
      if (await directory.isAlive(id, replica.url)) return 'later'
      await directory.bury(id)
      return 'dead'
    } finally {
      clearInterval(watch)
    }
  }

  async function begin(
    wanted: SharedConnect,
    key: string,
    fence: number,
    isLoss: boolean,
  ): Promise<BackendConnection> {
    let inner: BackendConnection
    try {
      inner = await wanted.open()
    } catch (error) {
      if (!isLoss) await store.delete(key, { version: fence }).catch(() => {})
      throw error
    }
    const connection = new OwnedConnection({
      inner,
      backend: wanted.place.backend,
      fence,
      isLoss,
      ready: directory.ready,
      onClosed(last, keepSession) {
        if (owned.get(key) === connection) owned.delete(key)
        return leave(key, last, keepSession)
      },
      onLost: wanted.onLost,
    })
    owned.set(key, connection)
    return connection
  }

  /** `gone`: others begin anew at once, and say that there was something before. */
  async function leave(key: string, fence: number, gone: boolean): Promise<void> {
    try {
      const when = { version: fence }
      if (gone) await store.set(key, record(key, true), { ttlMs: options.ttlMs(), when })
      else await store.delete(key, when)
    } catch (error) {
      log.debug({ err: error }, 'Cannot tell that a connection has ended')
    }
  }

  async function claim(key: string, connection: OwnedConnection): Promise<void> {
    const ttlMs = options.ttlMs()
    const value = record(key)
    const fence =
      (await store.set(key, value, { ttlMs, when: { version: connection.fence } })) ??
      (await store.set(key, value, { ttlMs, when: 'absent' }))
    if (fence === undefined) {
      if (!owned.delete(key)) return
      await connection.lose('another replica has taken it over')
    } else if (owned.get(key) === connection) connection.fence = fence
    // It was closed while we claimed it.
    else await store.delete(key, { version: fence })
  }

  async function lookAt(key: string, connection: OwnedConnection): Promise<void> {
    const { fence } = connection
    if (await store.touch(key, options.ttlMs(), { version: fence })) return
    if (owned.get(key) !== connection || connection.fence !== fence) return
    log.warn({ key }, 'The store forgot who has a connection: it is claimed again')
    await claim(key, connection)
  }

  return {
    async handOver() {
      await Promise.all([...owned.values()].map((connection) => connection.retire()))
    },
    async connect(wanted, key) {
      try {
        return await connect(wanted, key)
      } catch (error) {
        if (!isStoreAway(error)) throw error
        log.warn({ backend: wanted.place.backend, err: error }, 'Cannot share a connection')
        return wanted.open()
      }
    },
    async look() {
      if (looking) return
      looking = true
      try {
        const some = [...owned].slice(0, LOOKS)
        for (const [key, connection] of owned.size > LOOKS ? some : []) {
          // To the end of the line: next time it is the others' turn.
          owned.delete(key)
          owned.set(key, connection)
        }
        await Promise.all(some.map((each) => lookAt(...each)))
      } catch (error) {
        log.debug({ err: error }, 'Cannot look whether connections are still ours')
      } finally {
        looking = false
      }
    },
    async reclaim() {
      await Promise.all([...owned].map(([key, connection]) => claim(key, connection)))
    },
  }
}

type Verdict = 'dead' | 'later'

function busy(replica: string): Error {
  return new Error(`replica ${replica} has it and does not answer`)
}
