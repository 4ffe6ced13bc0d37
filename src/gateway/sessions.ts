import type { Now } from '../base/clock.ts'
import type { NewId } from '../base/ids.ts'
import { isJsonObject } from '../base/json.ts'
import type { ClientView, Principal } from '../mcp/caller.ts'
import type {
  ClientSession,
  SessionLookup,
  SessionRequest,
  Sessions,
} from '../mcp/client-session.ts'
import { isLogLevel } from '../mcp/meta.ts'
import type { Implementation, LogLevel } from '../mcp/messages.ts'
import { isKnownVersion } from '../mcp/versions.ts'
import type { KeyValue } from '../storage/key-value.ts'
import type { Logger } from '../telemetry/logger.ts'
import { gatewayErrors } from './errors.ts'

/** The level a legacy client gets that never set one. */
const DEFAULT_LOG_LEVEL: LogLevel = 'info'
/** A client says what it can and who it is in a few hundred bytes; icons may be among them. */
const MAX_RECORD_BYTES = 32 * 1024

/** A session in this process; what others keep for it is in maps of their own. */
interface LiveSession extends ClientSession {
  lastUsedMs: number
  /** Until when the stored record lives, as far as we know. */
  storedUntilMs: number
}

export interface SessionsOptions {
  readonly store: KeyValue
  /** What the keys of session records start with. */
  readonly keyPrefix: string
  /**
   * Asked each time, as a reload may change them. `ttlMs`, sliding: a session ends so long after its last request.
   * `maxSessions`: beyond it the least recently used idle session ends.
   */
  readonly limits: () => { readonly ttlMs: number; readonly maxSessions: number }
  readonly newId: NewId
  readonly now: Now
  /** Frees what others hold for the session: connections to backends, views. */
  readonly onEnd: (session: ClientSession, reason: string) => void
  readonly onLogLevel: (session: ClientSession, level: LogLevel) => void
  readonly log: Logger
}

export interface SessionTable extends Sessions {
  readonly size: number
  live(): Iterable<ClientSession>
  /** Ends sessions that are over their time and prolongs the records of those in use. Called by the table's own timer. */
  sweep(): Promise<void>
  /** Ends the timer and all streams; records stay in the store. */
  close(): void
}

/** The session table: live sessions in memory in the order of their use, their records in the store. */
export function createSessions(options: SessionsOptions): SessionTable {
  const { store, keyPrefix, limits, newId, now, log } = options
  const live = new Map<string, LiveSession>()
  const restoring = new Map<string, Promise<LiveSession | 'unknown' | 'unavailable'>>()
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
      void endSession(session, 'evicted: too many sessions')
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

  async function endSession(session: ClientSession, reason: string): Promise<void> {
    if (!live.delete(session.id)) return
    session.channel?.close()
    options.onEnd(session, reason)
    log.debug({ session: session.id, reason }, 'Session ended')
    try {
      await store.delete(keyPrefix + session.id)
    } catch (error) {
      log.warn({ session: session.id, err: error }, 'Cannot delete the record of a session')
    }
  }

  async function restore(
    id: string,
    principal: Principal,
  ): Promise<LiveSession | 'unknown' | 'unavailable'> {
    try {
      const entry = await store.get(keyPrefix + id)
      if (entry === undefined) return 'unknown'
      const session = parseRecord(id, entry.value, principal, now())
      if (session === undefined) return 'unknown'
      return isFull() ? 'unavailable' : add(session)
    } catch (error) {
      log.warn({ session: id, err: error }, 'Cannot read a session from the store')
      return 'unavailable'
    } finally {
      restoring.delete(id)
    }
  }

  async function prolong(session: LiveSession): Promise<void> {
    const { ttlMs } = limits()
    const until = session.lastUsedMs + ttlMs
    if (until - session.storedUntilMs < ttlMs / 8) return
    session.storedUntilMs = until
    await store.touch(keyPrefix + session.id, until - now())
  }

  async function sweep(): Promise<void> {
    const at = now()
    const { ttlMs } = limits()
    for (const session of [...live.values()]) {
      if (session.inFlight > 0) session.lastUsedMs = at
      if (at - session.lastUsedMs >= ttlMs) await endSession(session, 'expired')
      else await prolong(session).catch((error: unknown) => logTouch(error))
    }
  }

  function logTouch(error: unknown): void {
    log.warn({ err: error }, 'Cannot prolong sessions in the store')
  }

  return {
    get size() {
      return live.size
    },
    live: () => live.values(),
    async create(request) {
      if (isFull()) throw gatewayErrors.TOO_MANY_SESSIONS({ limit: limits().maxSessions })
      const at = now()
      const { ttlMs } = limits()
      const session: LiveSession = {
        id: newId(),
        principal: request.principal,
        client: toView(request),
        channel: undefined,
        inFlight: 0,
        lastUsedMs: at,
        storedUntilMs: at + ttlMs,
      }
      const record = toRecord(session)
      const bytes = Buffer.byteLength(record)
      if (bytes > MAX_RECORD_BYTES) {
        throw gatewayErrors.SESSION_TOO_LARGE({ bytes, limit: MAX_RECORD_BYTES })
      }
      await store.set(keyPrefix + session.id, record, { ttlMs, when: 'absent' })
      return add(session)
    },
    find(id, principal) {
      const session = live.get(id)
      if (session !== undefined) return checked(session, principal)
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
      store
        .set(keyPrefix + session.id, toRecord(session), {
          ttlMs: limits().ttlMs,
          when: 'present',
        })
        .catch((error: unknown) => logTouch(error))
    },
    end: endSession,
    sweep,
    close() {
      clearTimeout(timer)
      for (const session of live.values()) session.channel?.close()
      live.clear()
    },
  }
}

function toView(request: SessionRequest): ClientView {
  return {
    era: 'legacy',
    version: request.version,
    capabilities: request.capabilities,
    ...(request.info === undefined ? {} : { info: request.info }),
    logLevel: DEFAULT_LOG_LEVEL,
  }
}

/** What another process needs to go on with the session. No secrets: the binding names the principal, nothing more. */
function toRecord(session: ClientSession): string {
  const { version, capabilities, info, logLevel } = session.client
  return JSON.stringify({
    format: 1,
    binding: session.principal.binding,
    version,
    capabilities,
    info,
    logLevel,
  })
}

/** Undefined for a record that cannot be read: then the client has to initialize again. */
function parseRecord(
  id: string,
  text: string,
  principal: Principal,
  at: number,
): LiveSession | undefined {
  const record = parseJson(text)
  if (!isJsonObject(record) || record['format'] !== 1) return undefined
  const { binding, version, capabilities, info, logLevel } = record
  if (typeof binding !== 'string' || !isKnownVersion(version)) return undefined
  return {
    id,
    principal: principal.binding === binding ? principal : { kind: principal.kind, binding },
    client: {
      era: 'legacy',
      version,
      capabilities: isJsonObject(capabilities) ? capabilities : {},
      ...(isJsonObject(info) ? { info: info as Implementation } : {}),
      logLevel: isLogLevel(logLevel) ? logLevel : DEFAULT_LOG_LEVEL,
    },
    channel: undefined,
    inFlight: 0,
    lastUsedMs: at,
    storedUntilMs: at,
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
