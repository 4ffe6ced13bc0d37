import type { Now } from '../base/clock.ts'
import { isAppError } from '../base/errors.ts'
import type { NewId } from '../base/ids.ts'
import type { Principal } from '../mcp/caller.ts'
import type {
  ClientSession,
  SessionLookup,
  SessionRequest,
  Sessions,
} from '../mcp/client-session.ts'
import type { LogLevel } from '../mcp/messages.ts'
import type { KeyValue } from '../storage/key-value.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { SessionEnd } from './backends/own-connections.ts'
import { gatewayErrors } from './errors.ts'
import {
  bindingDigest,
  DEFAULT_LOG_LEVEL,
  ENDED_RECORD,
  readRecord,
  writeRecord,
  type SessionRecord,
} from './session-record.ts'
import { liveSession, type LiveSession, type RecordChange } from './session-table/live-session.ts'
import { createSessionRecords } from './session-table/session-records.ts'

/** A client says what it can and who it is in a few hundred bytes; icons may be among them. */
const MAX_RECORD_BYTES = 32 * 1024
/** With other replicas: a view that was not compared with its record for so long is, while its session is used. */
const CONFIRM_MS = 5_000

/** The other replicas of this gateway, as far as sessions concern them. */
export interface SessionPeers {
  /** Our name in records. */
  readonly self: string
  /** What was read before this has to be read again: we may have missed what the others said. */
  readonly trustedSinceMs: () => number
  /** They read the record again before they use the session. */
  changed(id: string): void
  /** They do not use it any more. Resolves when they have heard, or could not be reached in time. Never rejects. */
  ended(id: string): Promise<void>
  /** One of them serves it, though the store says nothing of it: it could not be written yet. Bounded; never rejects. */
  serve(id: string): Promise<boolean>
}

export interface SessionsOptions {
  readonly store: KeyValue
  /** What the keys of session records start with. */
  readonly keyPrefix: string
  /**
   * Asked each time, as a reload may change them. `ttlMs`, sliding: a session ends so long after its last request.
   * `maxSessions`: beyond it the least recently used idle session ends; with other replicas only our view of it does.
   */
  readonly limits: () => { readonly ttlMs: number; readonly maxSessions: number }
  /** Undefined: we are alone. */
  readonly peers?: SessionPeers | undefined
  readonly newId: NewId
  readonly now: Now
  /** Frees what others hold for the session: connections to backends, views. */
  readonly onEnd: (session: ClientSession, reason: string, end: SessionEnd) => void
  readonly onLogLevel: (session: ClientSession, level: LogLevel) => void
  /** Another replica changed what the session follows. */
  readonly onSubscriptions?: (session: ClientSession, uris: readonly string[]) => void
  /** A session that another process served is used here; `ownOffers`: backends that offer something else to it. */
  readonly onRestored?: (session: ClientSession, ownOffers: readonly string[]) => Promise<void>
  /** The client's standalone stream ends here from now on. Resolves when what it follows is followed here. Never rejects. */
  readonly onStream?: (session: ClientSession) => Promise<void>
  /** Another replica had it before, and has died or leaves: what it had to tell may be lost. */
  readonly onStreamTaken?: (session: ClientSession, followed: Promise<void>) => void
  /** The session is in use: what is stored for it lives on for so long, and is stored again if it was lost. */
  readonly onProlonged?: (session: ClientSession, ttlMs: number) => void
  readonly log: Logger
}

export interface SessionTable extends Sessions {
  readonly size: number
  live(): Iterable<ClientSession>
  /** One of them; to ask for it is no use of it. */
  liveOne(id: string): ClientSession | undefined
  /** True if the client's standalone stream ends here, and there are others where it could. */
  holdsStream(session: ClientSession): boolean
  /** What the session follows, as stored. */
  subscriptionsOf(session: ClientSession): readonly string[]
  /** Stores what the session follows; the others learn of it. Rejects with GATEWAY_SESSION_TOO_LARGE. */
  setSubscriptions(session: ClientSession, change: UriChange): Promise<void>
  /** A backend offers something else to this session than to all, or no longer does. Never rejects. */
  noteOwnOffer(session: ClientSession, backend: string, has: boolean): Promise<void>
  /** The session, if it is used here, as its record is now. */
  reread(id: string): Promise<ClientSession | undefined>
  /** Another replica changed the record. */
  staleElsewhere(id: string): void
  /** Another replica ended the session, and what was stored of it. */
  endedElsewhere(id: string): void
  /** Ends sessions that are over their time and prolongs the records of those in use. Called by the table's own timer. */
  sweep(): Promise<void>
  /** Ends the timer and all streams; records stay in the store. */
  close(): void
}

export type UriChange = (uris: readonly string[]) => readonly string[]

/** The session table: live sessions in memory in the order of their use, their records in the store. */
export function createSessions(options: SessionsOptions): SessionTable {
  const { store, keyPrefix, limits, peers, newId, now, log } = options
  const live = new Map<string, LiveSession>()
  const restoring = new Map<string, Promise<LiveSession | 'unknown' | 'unavailable'>>()
  const records = createSessionRecords({
    store,
    keyPrefix,
    ttlMs: () => limits().ttlMs,
    self: peers?.self,
    now,
    onEndedElsewhere: (session) => void leave(session, 'ended elsewhere', 'elsewhere'),
    onWritten: ({ id }) => peers?.changed(id),
    onLogLevel: options.onLogLevel,
    onSubscriptions: (session, uris) => options.onSubscriptions?.(session, uris),
    onProlonged: (session, ttlMs) => options.onProlonged?.(session, ttlMs),
    log,
  })
  const { confirm, write, prolong } = records
  let timer = nextSweep()

  function nextSweep(): NodeJS.Timeout {
    const waitMs = Math.min(Math.max(limits().ttlMs / 8, 1000), 60_000)
    return setTimeout(() => {
      timer = nextSweep()
      void sweep()
    }, waitMs).unref()
  }

  function add(session: LiveSession): LiveSession {
    live.set(session.id, session)
    evictDown(session)
    return session
  }

  /** All places are taken by sessions with a call or a stream, which are never evicted. */
  function isFull(): boolean {
    if (live.size < limits().maxSessions) return false
    for (const session of live.values()) if (session.inFlight === 0) return false
    return true
  }

  /** The least recently used sessions without a call in flight; too few of those: the table is over its limit for a while. */
  function evictDown(newcomer: LiveSession): void {
    let tooMany = live.size - limits().maxSessions
    if (tooMany <= 0) return
    for (const session of live.values()) {
      if (session.inFlight > 0 || session === newcomer) continue
      // Another replica may be using it: its record stays.
      if (peers === undefined) void endSession(session, 'evicted: too many sessions')
      else leave(session, 'evicted: too many sessions', 'left')
      if (--tooMany === 0) return
    }
  }

  function use(session: LiveSession): void {
    const at = now()
    // Moving the entry to the end keeps the map in the order of use; once a second is exact enough.
    if (at - session.lastUsedMs > 1000) {
      live.delete(session.id)
      live.set(session.id, session)
    }
    session.lastUsedMs = at
  }

  function checked(session: LiveSession, principal: Principal): SessionLookup {
    if (session.principal.binding !== principal.binding) {
      log.warn({ session: session.id }, 'Session used by another principal: ended')
      void endSession(session, 'used by another principal')
      return 'foreign'
    }
    use(session)
    return session
  }

  /** Forgets the session here. False if that was done before. */
  function leave(session: ClientSession, reason: string, end: SessionEnd): boolean {
    if (!live.delete(session.id)) return false
    session.channel?.close()
    options.onEnd(session, reason, end)
    log.debug({ session: session.id, reason }, 'Session ended')
    return true
  }

  async function endSession(session: ClientSession, reason: string): Promise<void> {
    if (!leave(session, reason, 'ended')) return
    const key = keyPrefix + session.id
    try {
      if (peers === undefined) await store.delete(key)
      else await store.set(key, ENDED_RECORD, { ttlMs: limits().ttlMs, when: 'present' })
    } catch (error) {
      log.warn({ session: session.id, err: error }, 'Cannot delete the record of a session')
    }
    await peers?.ended(session.id)
  }

  async function restore(
    id: string,
    principal: Principal,
  ): Promise<LiveSession | 'unknown' | 'unavailable'> {
    try {
      const entry = await store.get(keyPrefix + id)
      const record = entry && readRecord(entry.value)
      // Whoever is told that a session is unknown begins another one, and loses what this one has.
      if (entry === undefined && (await peers?.serve(id)) === true) return 'unavailable'
      if (entry === undefined || record === undefined) return 'unknown'
      if (isFull()) return 'unavailable'
      const at = now()
      const stored = {
        id,
        principal:
          bindingDigest(principal.binding) === record.binding
            ? principal
            : { kind: principal.kind, binding: `digest ${record.binding}` },
        streamAt: records.elsewhere(record),
        storedUntilMs: at,
        record,
        recordVersion: entry.version,
      }
      const session = add(liveSession(stored, at))
      if (record.ownOffers.length > 0) await options.onRestored?.(session, record.ownOffers)
      return session
    } catch (error) {
      log.warn({ session: id, err: error }, 'Cannot read a session from the store')
      return 'unavailable'
    } finally {
      restoring.delete(id)
    }
  }

  async function sweep(): Promise<void> {
    const at = now()
    const { ttlMs } = limits()
    for (const session of live.values()) if (session.inFlight > 0) session.lastUsedMs = at
    const isOver = (session: LiveSession) => at - session.lastUsedMs >= ttlMs
    await Promise.all([...live.values()].filter(isOver).map(expire))
    await prolong([...live.values()]).catch((error: unknown) => logTouch(error))
    await Promise.all([...live.values()].filter(({ unsaved }) => unsaved.length > 0).map(confirm))
  }

  /** Nobody used it here; another replica may be serving it all the time. */
  async function expire(session: LiveSession): Promise<void> {
    if (peers === undefined) return endSession(session, 'expired')
    const goesOn = await confirm(session)
    if (goesOn) leave(session, 'used elsewhere', 'left')
  }

  function logTouch(error: unknown): void {
    log.warn({ err: error }, 'Cannot prolong sessions in the store')
  }

  return {
    get size() {
      return live.size
    },
    live: () => live.values(),
    liveOne: (id) => live.get(id),
    async create(request) {
      if (isFull()) throw gatewayErrors.TOO_MANY_SESSIONS({ limit: limits().maxSessions })
      const at = now()
      const { ttlMs } = limits()
      const id = newId()
      const record = firstRecord(request)
      const text = writeRecord(record)
      const bytes = Buffer.byteLength(text)
      if (bytes > MAX_RECORD_BYTES) {
        throw gatewayErrors.SESSION_TOO_LARGE({ bytes, limit: MAX_RECORD_BYTES })
      }
      const version = await store.set(keyPrefix + id, text, { ttlMs, when: 'absent' })
      const stored = {
        id,
        principal: request.principal,
        streamAt: undefined,
        storedUntilMs: at + ttlMs,
        record,
        recordVersion: version ?? 0,
      }
      return add(liveSession(stored, at))
    },
    find(id, principal) {
      const session = live.get(id)
      if (session !== undefined) {
        if (peers === undefined) return checked(session, principal)
        const sinceMs = now() - session.confirmedMs
        // A clock that was set back says nothing of when that was.
        if (sinceMs >= 0 && sinceMs < CONFIRM_MS && session.confirmedMs >= peers.trustedSinceMs()) {
          return checked(session, principal)
        }
        const confirming = confirm(session)
        const mayWait = session.confirmedMs > peers.trustedSinceMs()
        if (mayWait) return checked(session, principal)
        return confirming.then((goesOn) => (goesOn ? checked(session, principal) : 'unknown'))
      }
      let pending = restoring.get(id)
      if (pending === undefined) {
        pending = restore(id, principal)
        restoring.set(id, pending)
      }
      return pending.then((found) =>
        typeof found === 'string' ? found : checked(found, principal),
      )
    },
    setLogLevel(session, level) {
      session.client = { ...session.client, logLevel: level }
      options.onLogLevel(session, level)
      const own = live.get(session.id)
      if (own === undefined) return undefined
      const written = write(own, (record) => ({ ...record, logLevel: level })).catch(logTouch)
      // The client's next request may go to another replica.
      return peers === undefined ? undefined : written
    },
    holdsStream: (session) =>
      peers !== undefined && live.get(session.id)?.record.streamAt === peers.self,
    subscriptionsOf: (session) => live.get(session.id)?.record.subscriptions ?? [],
    async setSubscriptions(session, change) {
      const own = live.get(session.id)
      if (own === undefined) return
      await write(own, (record) => ({
        ...record,
        subscriptions: change(record.subscriptions),
      })).catch((error: unknown) => {
        if (isAppError(error, 'GATEWAY_SESSION_TOO_LARGE')) throw error
        logTouch(error)
      })
    },
    async noteOwnOffer(session, backend, has) {
      const own = live.get(session.id)
      if (own === undefined || own.record.ownOffers.includes(backend) === has) return
      await write(own, (record) => {
        const others = record.ownOffers.filter((each) => each !== backend)
        return { ...record, ownOffers: has ? [...others, backend] : others }
      }).catch(logTouch)
    },
    async claimStream(session) {
      const followed = options.onStream?.(session) ?? Promise.resolve()
      const own = live.get(session.id)
      if (peers === undefined || own === undefined || own.record.streamAt === peers.self) return
      session.streamAt = undefined
      const before = own.record.streamAt
      let holder: string | undefined
      const claim: RecordChange = (record) => {
        holder = record.streamAt
        return { ...record, streamAt: peers.self }
      }
      // Whoever claimed it while the store was away may have been later.
      const claimLater: RecordChange = (record) =>
        record.streamAt === before ? claim(record) : record
      await write(own, claim, claimLater).catch(logTouch)
      if (holder !== undefined && holder !== peers.self) options.onStreamTaken?.(session, followed)
    },
    end: endSession,
    async reread(id) {
      const session = live.get(id)
      if (session === undefined) return undefined
      session.changes++
      return (await confirm(session)) ? session : undefined
    },
    staleElsewhere(id) {
      const session = live.get(id)
      if (session === undefined) return
      session.changes++
      session.confirmedMs = 0
      // What backends say meanwhile has to find the client's stream.
      void confirm(session)
    },
    endedElsewhere(id) {
      const session = live.get(id)
      if (session !== undefined) leave(session, 'ended elsewhere', 'elsewhere')
    },
    sweep,
    close() {
      clearTimeout(timer)
      for (const session of live.values()) session.channel?.close()
      live.clear()
    },
  }
}

function firstRecord(request: SessionRequest): SessionRecord {
  const { principal, version, capabilities, info } = request
  return {
    binding: bindingDigest(principal.binding),
    version,
    capabilities,
    ...(info === undefined ? {} : { info }),
    logLevel: DEFAULT_LOG_LEVEL,
    subscriptions: [],
    ownOffers: [],
  }
}
