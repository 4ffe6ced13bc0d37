import type { BackendConnection } from '../mcp/backend-connection.ts'
import type { LegacyResume } from '../mcp/connect-backend.ts'
import type { KeyValue } from '../storage/key-value.ts'
import type { ProtocolVersion } from '../mcp/versions.ts'
import type { Sealer } from '../storage/sealing.ts'
import type { Logger } from '../telemetry/logger.ts'
import { clusterErrors } from './errors.ts'
import { placeKey, type Place } from './owner.ts'
import { readPlace, writePlace } from './place-record.ts'
import type { Processes } from './processes.ts'
import type { SharedConnect } from './shared-connect.ts'
import { isStoreTrouble } from './store-trouble.ts'
import { createUsedSessions, type SessionRecord } from './used-sessions.ts'

/** A place that is in use here; `session`: the one its backend keeps, if any. */
export interface UsedPlace extends Place {
  readonly session?: { readonly sessionId: string; readonly version: ProtocolVersion }
}

/** Connections to backends that belong to somebody, the same ones on every replica. */
export interface SharedConnections {
  /** Opens the connection, goes on with the one there is, or reaches it through the replica that has it. */
  connect(wanted: SharedConnect): Promise<BackendConnection>
  /**
   * The owners are active: what is kept of their connections lives on, and sessions that the store lost are written again, so
   * that other replicas go on with them. Never rejects.
   */
  prolong(places: readonly UsedPlace[], ttlMs: number): Promise<void>
  /** Looks whether the store still knows of what is in use here, some at a time. With each beat. Never rejects. */
  look(): Promise<void>
  /** True while something is stored of it: others may use it. True as well if the store cannot be asked. */
  isKept(place: Place): Promise<boolean>
  /** The owner has ended: nobody goes on with it. Never rejects. */
  forget(place: Place): Promise<void>
  /** The same for what this replica has no connection to: the backend's session is ended over one. Never rejects. */
  end(place: Place, open: (resume: LegacyResume) => Promise<BackendConnection>): Promise<void>
}

export interface SharedConnectionsOptions {
  readonly store: KeyValue
  readonly keyPrefix: string
  readonly sealer: Sealer | undefined
  /** Life of a record that is not prolonged, milliseconds; asked each time. */
  readonly ttlMs: () => number
  readonly processes: Processes
  /** True if there were other replicas when the store could be asked last. */
  readonly hasOthers: () => boolean
  readonly log: Logger
}

/** Several replicas may open a first connection at once; then they all go on with the one that was written first. */
const MAX_RACES = 5
/** Records of connections outlive those of their owners by so much. */
const SLACK_MS = 120_000

export function createSharedConnections(options: SharedConnectionsOptions): SharedConnections {
  const { store, sealer, processes, log } = options
  const used = createUsedSessions({
    store,
    sealer,
    lifeMs: () => options.ttlMs() + SLACK_MS,
    log,
  })

  let hasComplained = false

  function keyOf(place: Place): string {
    return options.keyPrefix + placeKey(place)
  }

  /** Once: after a key was introduced there are many. */
  function complainOfStrange(key: string): void {
    if (hasComplained) return
    hasComplained = true
    log.warn(
      { key },
      'A record of a connection is not sealed with a key of ours: it is not believed, and the connection begins anew',
    )
  }

  /** Goes on with the session the backend keeps for the owner, or begins one and says so before its first use. */
  async function connectSession(wanted: SharedConnect): Promise<BackendConnection> {
    const key = keyOf(wanted.place)
    for (let races = 0; races < MAX_RACES; races++) {
      const entry = await store.get(key)
      const record = entry && readPlace(entry.value, key, sealer)
      if (entry !== undefined && record === undefined) complainOfStrange(key)
      if (record?.kind === 'session' && record.sessionId !== wanted.lostSessionId) {
        const { sessionId, version } = record
        const server = wanted.server()
        const resume = { sessionId, version, ...(server === undefined ? {} : { server }) }
        return used.hold(key, record, await open(wanted, resume), wanted)
      }
      const made = await open(wanted)
      const session = recordOf(made)
      if (session === undefined) return made
      const next = { ...session, anew: entry !== undefined }
      let written: number | undefined
      try {
        written = await store.set(key, writePlace(next, key, sealer), {
          ttlMs: options.ttlMs() + SLACK_MS,
          when: entry === undefined ? 'absent' : { version: entry.version },
        })
      } catch (error) {
        // Alone it is ours, whether the store knows or not: it is written when its owner is prolonged.
        if (isStoreTrouble(error) && !options.hasOthers()) return used.hold(key, next, made, wanted)
        // Nobody would ever use it, and each further attempt would leave another one behind.
        void made.close().catch((failure: unknown) => {
          log.debug({ err: failure }, 'Cannot end a session of a backend')
        })
        throw error
      }
      if (written !== undefined) return used.hold(key, next, made, wanted)
      await made.close()
    }
    const { backend } = wanted.place
    const reason = 'other replicas always were quicker'
    throw clusterErrors.SESSION_UNKNOWN({ backend, reason, ran: 'no', retryAfterMs: 1_000 })
  }

  async function open(wanted: SharedConnect, resume?: LegacyResume): Promise<BackendConnection> {
    const opened: { connection?: BackendConnection } = {}
    const onEnded = (): void => {
      if (opened.connection !== undefined) used.letGo(keyOf(wanted.place), opened.connection)
    }
    opened.connection = await wanted.open(resume, onEnded)
    return opened.connection
  }

  function storeAgain(place: UsedPlace, ttlMs: number): Promise<unknown> | undefined {
    if (place.session === undefined) return undefined
    const key = keyOf(place)
    const text = writePlace({ kind: 'session', ...place.session }, key, sealer)
    return store.set(key, text, { ttlMs, when: 'absent' })
  }

  async function forget(place: Place): Promise<void> {
    used.letGo(keyOf(place))
    try {
      await store.delete(keyOf(place))
    } catch (error) {
      log.debug({ err: error }, 'Cannot delete what was kept of a connection: it expires')
    }
  }

  return {
    async connect(wanted) {
      if (wanted.isProcess) return processes.connect(wanted, keyOf(wanted.place))
      try {
        return await connectSession(wanted)
      } catch (error) {
        if (!isStoreTrouble(error)) throw error
        const { backend } = wanted.place
        if (options.hasOthers()) {
          // One of them may have it: another session would be another state, and the client would not know.
          // The client hears this: where the store is, is not for it.
          const reason = 'the store is away'
          throw clusterErrors.SESSION_UNKNOWN(
            { backend, reason, ran: 'no', retryAfterMs: 1_000 },
            error,
          )
        }
        log.warn({ backend, err: error }, 'Cannot share a session of a backend')
        const made = await open(wanted)
        const record = recordOf(made)
        return record === undefined ? made : used.hold(keyOf(wanted.place), record, made, wanted)
      }
    },
    async prolong(places, ttlMs) {
      if (places.length === 0) return
      try {
        // A little longer than what it belongs to.
        const lifeMs = ttlMs + SLACK_MS
        const touches = places.map((place) => ({ key: keyOf(place), ttlMs: lifeMs }))
        const found = await store.touchMany(touches)
        const lost = places.filter((_, index) => !found[index])
        await Promise.all(lost.flatMap((place) => storeAgain(place, lifeMs) ?? []))
      } catch (error) {
        log.debug({ err: error }, 'Cannot prolong what is kept of connections')
      }
    },
    async look() {
      await Promise.all([processes.look(), used.look()])
    },
    async isKept(place) {
      try {
        return (await store.get(keyOf(place))) !== undefined
      } catch {
        return true
      }
    },
    forget,
    async end(place, open) {
      try {
        const key = keyOf(place)
        const entry = await store.get(key)
        const record = entry && readPlace(entry.value, key, sealer)
        if (record?.kind !== 'session') return
        const { sessionId, version } = record
        const connection = await open({ sessionId, version })
        await connection.close()
        await store.delete(key)
      } catch (error) {
        log.debug({ err: error }, 'Cannot end a session of a backend')
      }
    },
  }
}

/** Undefined: there is nothing that others could go on with. */
function recordOf({ sessionId, version, era }: BackendConnection): SessionRecord | undefined {
  if (sessionId === undefined || era !== 'legacy') return undefined
  return { kind: 'session', sessionId, version }
}
