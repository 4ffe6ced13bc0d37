import { setTimeout as sleep } from 'node:timers/promises'
import { isAppError } from '../base/errors.ts'
import type { BackendConnection } from '../mcp/backend-connection.ts'
import type { KeyValue } from '../storage/key-value.ts'
import type { Logger } from '../telemetry/logger.ts'
import { isBefore, type PlaceAnswer } from './ask-for-place.ts'
import type { Directory } from './directory.ts'
import { clusterErrors } from './errors.ts'
import { OwnedConnection, UNCLAIMED } from './owned-connection.ts'
import { readPlace, writePlace } from './place-record.ts'
import type { Replica } from './replica.ts'
import type { SharedConnect } from './shared-connect.ts'
import { isStoreTrouble } from './store-trouble.ts'

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
  /** Asks another replica whether it has a place. Never rejects. */
  readonly ask: (replica: Replica, key: string) => Promise<PlaceAnswer>
  /** How long to wait for a replica of which nobody knows whether it lives, milliseconds. */
  readonly patienceMs: number
  readonly log: Logger
}

/**
 * Connections that live in one process: children on stdio, streams of HTTP+SSE. A record says which replica has one, the
 * version of the record is its fence; the record holds as long as the replica lives.
 */
export interface Processes {
  /**
   * Ours, or one of another replica; begun anew where the replica that had it is dead. While the store is away the others are asked:
   * begun where all of them say that they have none, refused with CLUSTER_SESSION_UNKNOWN where one cannot be asked. A replica that
   * leaves begins nothing: it uses what another begins, or refuses with CLUSTER_LEAVING.
   */
  connect(wanted: SharedConnect, key: string): Promise<BackendConnection>
  /** What we say to a replica that asks whether a place is here. */
  answer(key: string, from: string): PlaceAnswer
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
  /** Places that are about to be here. */
  const opening = new Set<string>()
  /** Places that would be begun here if nobody has them; `yields`: to one that asked for it as well. */
  const asking = new Map<string, { yields: boolean }>()
  let looking = false
  let leaving = false

  function record(key: string, how: { gone?: boolean; anew?: boolean } = {}): string {
    const { gone = false, anew = false } = how
    const { id, url } = self
    return writePlace({ kind: 'process', replica: id, url, gone, anew }, key, undefined)
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
          if (performance.now() > until) throw silent(found.replica, wanted)
          await sleep(AGAIN_MS)
          continue
        }
        if (leaving) return useElsewhere(wanted)
        log.warn(
          { backend: wanted.place.backend, replica: found.replica },
          'Took over a connection of a replica that has died: its state is lost',
        )
      }
      if (leaving) return useElsewhere(wanted)
      const when = entry === undefined ? 'absent' : { version: entry.version }
      const value = record(key, { anew: entry !== undefined })
      const fence = await store.set(key, value, { ttlMs: options.ttlMs(), when })
      if (fence !== undefined) return begin(wanted, key, fence, entry !== undefined)
    }
  }

  /** The store cannot say who has it, or that we have it: the others can. What we begin is claimed when the store is back. */
  async function connectUnrecorded(
    wanted: SharedConnect,
    key: string,
    cause: unknown,
  ): Promise<BackendConnection> {
    const { backend } = wanted.place
    const until = performance.now() + options.patienceMs
    const unknown = (reason: string): Error =>
      clusterErrors.SESSION_UNKNOWN({ backend, reason, ran: 'no', retryAfterMs: 1_000 }, cause)
    const own = { yields: false }
    asking.set(key, own)
    try {
      for (;;) {
        await directory.ready()
        if (leaving) return await useElsewhere(wanted)
        own.yields = false
        const { others } = directory
        const answers = await Promise.all(others.map((other) => ask(other, key)))
        const holder = others[answers.indexOf('has')]
        const isOthers =
          own.yields || answers.some((it, at) => it === 'asks' && isBefore(others[at]!, self))
        if (holder !== undefined) {
          const reached = await reach(holder.id, holder.url, wanted)
          if (typeof reached === 'object') return reached
        } else if (answers.includes('unknown')) {
          throw unknown('the store is away, and so is another replica')
        } else if (!isOthers) return await begin(wanted, key, UNCLAIMED, wanted.isAgain)
        if (performance.now() > until) throw unknown('the store is away')
        await sleep(AGAIN_MS)
      }
    } finally {
      if (asking.get(key) === own) asking.delete(key)
    }
  }

  /** Nothing is begun here any more: a replica that stays begins it, and this one uses it there. */
  async function useElsewhere(wanted: SharedConnect): Promise<BackendConnection> {
    for (const { id, url } of directory.others) {
      const reached = await reach(id, url, wanted)
      if (typeof reached === 'object') return reached
    }
    const { backend } = wanted.place
    throw clusterErrors.LEAVING({ backend, ran: 'no', retryAfterMs: 1_000 })
  }

  async function ask(other: Replica, key: string): Promise<PlaceAnswer> {
    const answer = await options.ask(other, key)
    if (answer !== 'unknown' || (await directory.isAlive(other.id, other.url))) return answer
    // What lived there has ended with it.
    return 'none'
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
    const begun: { connection?: OwnedConnection } = {}
    let hasEnded = false
    opening.add(key)
    try {
      inner = await wanted.open(undefined, () => {
        hasEnded = true
        const { connection } = begun
        if (connection === undefined || owned.get(key) !== connection) return
        // Nobody closes what has ended, and it is not to be claimed again; what comes after it says what was lost.
        owned.delete(key)
        void leave(key, connection.fence, true)
      })
    } catch (error) {
      opening.delete(key)
      if (!isLoss) await store.delete(key, { version: fence }).catch(() => {})
      throw error
    }
    if (leaving) {
      opening.delete(key)
      await Promise.all([leave(key, fence, isLoss), inner.close()])
      return useElsewhere(wanted)
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
    begun.connection = connection
    if (hasEnded) await leave(key, fence, true)
    else owned.set(key, connection)
    opening.delete(key)
    return connection
  }

  /** `gone`: others begin anew at once, and say that there was something before. */
  async function leave(key: string, fence: number, gone: boolean): Promise<void> {
    try {
      const when = { version: fence }
      if (gone) await store.set(key, record(key, { gone }), { ttlMs: options.ttlMs(), when })
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
      await claimFromOther(key, connection)
    } else if (owned.get(key) === connection) connection.fence = fence
    // It was closed while we claimed it.
    else await store.delete(key, { version: fence })
  }

  /** The record is not what we wrote last: another has the place, unless we have never been able to write it. */
  async function claimFromOther(key: string, connection: OwnedConnection): Promise<void> {
    const entry = await store.get(key)
    const found = entry && readPlace(entry.value, key, undefined)
    const other = found?.kind === 'process' ? found : undefined
    if (entry === undefined) return claim(key, connection)
    // What takes its place here has claimed it.
    if (owned.get(key) !== connection || opening.has(key)) return
    if (other?.replica === self.id && !other.gone) {
      // The store took it, and could not say so.
      connection.fence = entry.version
      return
    }
    if (connection.fence === UNCLAIMED) {
      const isDead = other === undefined || other.gone
      const sign = isDead ? 'dead' : await directory.signOf(other.replica, other.url)
      // It may have it: who is asked meanwhile waits for it, too.
      if (sign === 'silent') return
      if (sign === 'dead') {
        const when = { version: entry.version }
        const fence = await store.set(key, record(key), { ttlMs: options.ttlMs(), when })
        if (fence === undefined) return
        connection.tellLoss()
        if (owned.get(key) === connection) connection.fence = fence
        else await store.delete(key, { version: fence })
        return
      }
    }
    if (owned.get(key) !== connection) return
    owned.delete(key)
    await connection.lose(
      'another replica has taken it over',
      other?.anew !== true && other?.gone !== true,
    )
  }

  async function lookAt(key: string, connection: OwnedConnection): Promise<void> {
    const { fence } = connection
    if (fence === UNCLAIMED) return claim(key, connection)
    if (await store.touch(key, options.ttlMs(), { version: fence })) return
    if (owned.get(key) !== connection || connection.fence !== fence) return
    log.warn({ key }, 'The store forgot who has a connection: it is claimed again')
    await claim(key, connection)
  }

  return {
    async handOver() {
      leaving = true
      await Promise.all([...owned.values()].map((connection) => connection.retire()))
    },
    async connect(wanted, key) {
      try {
        return await connect(wanted, key)
      } catch (error) {
        if (!isStoreTrouble(error)) throw error
        log.warn(
          { backend: wanted.place.backend, err: error },
          'Asking other replicas for a connection',
        )
        return connectUnrecorded(wanted, key, error)
      }
    },
    answer(key, from) {
      if (owned.has(key) || opening.has(key)) return 'has'
      const own = asking.get(key)
      if (own === undefined || leaving) return 'none'
      own.yields ||= isBefore({ id: from }, self)
      return 'asks'
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
        // The beat says it where the store is away.
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

function silent(replica: string, { place }: SharedConnect): Error {
  return clusterErrors.SILENT({ replica, backend: place.backend, ran: 'no', retryAfterMs: 1_000 })
}
