import type { ClientView, Principal } from '../../mcp/caller.ts'
import type { ClientSession } from '../../mcp/client-session.ts'
import type { SessionRecord } from '../session-record.ts'

/** A session in this process; what others keep for it is in maps of their own. */
export interface LiveSession extends ClientSession {
  lastUsedMs: number
  /** Until when the stored record lives, as far as we know. */
  storedUntilMs: number
  /** The record as it was last read or written. */
  record: SessionRecord
  recordVersion: number
  /** When it was last known to be that; 0: it has to be read again before the session is used. */
  confirmedMs: number
  /** How often others said that they changed it. */
  changes: number
  confirming: Promise<boolean> | undefined
  /** What the store did not take when it was made; `record` has it. */
  unsaved: readonly RecordChange[]
}

export type RecordChange = (record: SessionRecord) => SessionRecord

export interface StoredSession {
  readonly id: string
  readonly principal: Principal
  readonly record: SessionRecord
  readonly recordVersion: number
  /** The replica where its stream ends; undefined: it ends here, or nowhere. */
  readonly streamAt: string | undefined
  /** Until when its record lives. */
  readonly storedUntilMs: number
}

/** Makes the session of a record that was read or written at this moment. */
export function liveSession(stored: StoredSession, atMs: number): LiveSession {
  return {
    ...stored,
    client: viewOf(stored.record),
    channel: undefined,
    inFlight: 0,
    lastUsedMs: atMs,
    confirmedMs: atMs,
    changes: 0,
    confirming: undefined,
    unsaved: [],
  }
}

/** The client as its session knows it. */
export function viewOf({ version, capabilities, info, logLevel }: SessionRecord): ClientView {
  return {
    era: 'legacy',
    version,
    capabilities,
    ...(info === undefined ? {} : { info }),
    logLevel,
  }
}
