import type { Now } from '../../base/clock.ts'
import { isAppError } from '../../base/errors.ts'
import type { LogLevel } from '../../mcp/messages.ts'
import type { KeyValue } from '../../storage/key-value.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { gatewayErrors } from '../errors.ts'
import { ENDED_RECORD, readRecord, writeRecord, type SessionRecord } from '../session-record.ts'
import { viewOf, type LiveSession, type RecordChange } from './live-session.ts'

/** With everything it follows. */
const MAX_STORED_BYTES = 128 * 1024
/** Replicas that change the same session at once come one after the other. */
const MAX_WRITES = 10
/** Changes of one session that wait for the store. */
const MAX_UNSAVED = 100

export interface SessionRecordsOptions {
  readonly store: KeyValue
  readonly keyPrefix: string
  readonly ttlMs: () => number
  /** Our name among the replicas; undefined: there are no others. */
  readonly self: string | undefined
  readonly now: Now
  /** The record says that the session has ended, or there is none any more. */
  readonly onEndedElsewhere: (session: LiveSession) => void
  /** We changed the record: others have to read it again. */
  readonly onWritten: (session: LiveSession) => void
  readonly onLogLevel: (session: LiveSession, level: LogLevel) => void
  readonly onSubscriptions: (session: LiveSession, uris: readonly string[]) => void
  readonly onProlonged: (session: LiveSession, ttlMs: number) => void
  readonly log: Logger
}

/** The records of live sessions, which other replicas may change and the store may lose. */
export interface SessionRecords {
  /** The replica that has the stream, by this record; undefined: it is ours, or nobody's. */
  elsewhere(record: SessionRecord): string | undefined
  /** Compares the view with the record. False: the session has ended. While the store is away the view is all there is. */
  confirm(session: LiveSession): Promise<boolean>
  /**
   * Writes a change by compare-and-set, over whatever others wrote meanwhile. Rejects if it is too large or the store fails; then
   * `later` is written when the store is back.
   */
  write(session: LiveSession, change: RecordChange, later?: RecordChange): Promise<void>
  /** Gives the records of sessions that were used a new life, all in one go; those that are missing are written again. */
  prolong(sessions: readonly LiveSession[]): Promise<void>
}

export function createSessionRecords(options: SessionRecordsOptions): SessionRecords {
  const { store, keyPrefix, ttlMs: ttl, now, log } = options

  function confirm(session: LiveSession): Promise<boolean> {
    session.confirming ??= confirmNow(session).finally(() => (session.confirming = undefined))
    return session.confirming
  }

  async function confirmNow(session: LiveSession): Promise<boolean> {
    const at = now()
    try {
      let changes: number
      do {
        changes = session.changes
        const entry = await store.get(keyPrefix + session.id)
        if (entry === undefined ? !(await storeAgain(session)) : entry.value === ENDED_RECORD) {
          options.onEndedElsewhere(session)
          return false
        }
        if (entry !== undefined && entry.version !== session.recordVersion) {
          const record = readRecord(entry.value)
          if (record !== undefined) take(session, record, entry.version)
        }
        // What was changed while we read is to be read again.
      } while (changes !== session.changes)
      if (session.unsaved.length > 0) await write(session, (record) => record)
    } catch (error) {
      log.debug({ session: session.id, err: error }, 'Cannot compare a session with its record')
    }
    session.confirmedMs = at
    return true
  }

  /** The store lost the record: it was restarted, or had no room. False: the session is over its time. */
  async function storeAgain(session: LiveSession): Promise<boolean> {
    const ttlMs = session.lastUsedMs + ttl() - now()
    if (ttlMs <= 0) return false
    const text = writeRecord(session.record)
    const version = await store.set(keyPrefix + session.id, text, { ttlMs, when: 'absent' })
    if (version !== undefined) session.recordVersion = version
    // It lost what belongs to the session as well.
    options.onProlonged(session, ttlMs)
    return true
  }

  function take(session: LiveSession, stored: SessionRecord, version: number): void {
    const before = session.record
    const record = session.unsaved.reduce((changed, change) => change(changed), stored)
    session.record = record
    session.recordVersion = version
    session.streamAt = elsewhere(record)
    // Both had a stream of the client: what is sent goes to the other one, so the client has to come back.
    if (before.streamAt === options.self && session.streamAt !== undefined)
      session.channel?.hangUp?.()
    if (record.logLevel !== before.logLevel) {
      session.client = viewOf(record)
      options.onLogLevel(session, record.logLevel)
    }
    if (!sameUris(record.subscriptions, before.subscriptions)) {
      options.onSubscriptions(session, record.subscriptions)
    }
  }

  async function write(
    session: LiveSession,
    change: RecordChange,
    later: RecordChange = change,
  ): Promise<void> {
    const { unsaved } = session
    try {
      await writeNow(session, change)
      session.unsaved = session.unsaved.filter((each) => !unsaved.includes(each))
    } catch (error) {
      const isOurs = isAppError(error, 'GATEWAY_SESSION_TOO_LARGE')
      if (!isOurs && unsaved.length < MAX_UNSAVED) session.unsaved = [...session.unsaved, later]
      throw error
    }
  }

  async function writeNow(session: LiveSession, change: RecordChange): Promise<void> {
    for (let tries = 0; tries < MAX_WRITES; tries++) {
      const record = change(session.record)
      const text = writeRecord(record)
      const bytes = Buffer.byteLength(text)
      if (bytes > MAX_STORED_BYTES) {
        throw gatewayErrors.SESSION_TOO_LARGE({ bytes, limit: MAX_STORED_BYTES })
      }
      session.record = record
      const written = await store.set(keyPrefix + session.id, text, {
        ttlMs: ttl(),
        when: { version: session.recordVersion },
      })
      if (written !== undefined) {
        session.recordVersion = written
        // What others wrote meanwhile may have named another replica.
        session.streamAt = elsewhere(record)
        session.storedUntilMs = now() + ttl()
        options.onWritten(session)
        return
      }
      const entry = await store.get(keyPrefix + session.id)
      const found = entry && readRecord(entry.value)
      if (entry === undefined) {
        const before = session.recordVersion
        const lives = await storeAgain(session)
        if (!lives || session.recordVersion !== before) return
        // The store forgot it, and another replica was quicker to say so.
        continue
      }
      if (found === undefined) return
      take(session, found, entry.version)
    }
  }

  async function prolong(sessions: readonly LiveSession[]): Promise<void> {
    const ttlMs = ttl()
    const due = sessions.filter(
      ({ lastUsedMs, storedUntilMs }) => lastUsedMs + ttlMs - storedUntilMs >= ttlMs / 8,
    )
    if (due.length === 0) return
    const touches = due.map((session) => {
      const lifeMs = session.lastUsedMs + ttlMs - now()
      session.storedUntilMs = session.lastUsedMs + ttlMs
      options.onProlonged(session, lifeMs)
      return { key: keyPrefix + session.id, ttlMs: lifeMs }
    })
    const found = await store.touchMany(touches)
    await Promise.all(due.filter((_, index) => !found[index]).map(confirm))
  }

  function elsewhere({ streamAt }: SessionRecord): string | undefined {
    // Alone, what a fleet wrote before means nothing.
    const { self } = options
    return self === undefined || streamAt === self ? undefined : streamAt
  }

  return { elsewhere, confirm, write, prolong }
}

function sameUris(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((uri, index) => uri === b[index])
}
