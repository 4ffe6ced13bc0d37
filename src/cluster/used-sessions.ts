import type { BackendConnection } from '../mcp/backend-connection.ts'
import type { KeyValue } from '../storage/key-value.ts'
import type { Sealer } from '../storage/sealing.ts'
import type { Logger } from '../telemetry/logger.ts'
import { closeWhenIdle } from './close-when-idle.ts'
import { LossTellingConnection } from './loss-telling-connection.ts'
import { readPlace, writePlace, type PlaceRecord } from './place-record.ts'
import type { SharedConnect } from './shared-connect.ts'

/** What the record of a place says of a session that its backend keeps. */
export type SessionRecord = Extract<PlaceRecord, { readonly kind: 'session' }>

/** The sessions of backends that this replica uses, and whether their records are still there. */
export interface UsedSessions {
  /** The connection as it is used here: looked after until it is closed. */
  hold(
    key: string,
    record: SessionRecord,
    connection: BackendConnection,
    wanted: SharedConnect,
  ): BackendConnection
  /** Its owner has ended, or this connection has: nothing is written of it any more. */
  letGo(key: string, connection?: BackendConnection): void
  /**
   * Looks whether the records are there, some at a time: a store may have evicted or forgotten one. What is missing is written again;
   * where another session was begun meanwhile ours ends, and its client is told what was lost with it. Never rejects.
   */
  look(): Promise<void>
}

export interface UsedSessionsOptions {
  readonly store: KeyValue
  readonly sealer: Sealer | undefined
  /** Life of a record, milliseconds. */
  readonly lifeMs: () => number
  readonly log: Logger
}

/** Records that are looked at in one go. */
const LOOKS = 64

export function createUsedSessions(options: UsedSessionsOptions): UsedSessions {
  const { store, sealer, log } = options
  const used = new Map<string, Held>()
  let looking = false

  async function lookAt(key: string, held: Held): Promise<void> {
    let entry = await store.get(key)
    if (entry === undefined) {
      if (used.get(key) !== held) return
      const text = writePlace(held.record, key, sealer)
      const how = { ttlMs: options.lifeMs(), when: 'absent' } as const
      const version = await store.set(key, text, how)
      if (version !== undefined) {
        log.warn({ key }, 'The store forgot which session of a backend is in use: written again')
        // It ended while we wrote.
        if (used.get(key) !== held) await store.delete(key, { version })
        return
      }
      entry = await store.get(key)
    }
    const found = entry && readPlace(entry.value, key, sealer)
    if (found?.kind !== 'session' || found.sessionId === held.record.sessionId) return
    if (used.get(key) !== held) return
    used.delete(key)
    // Whoever replaced a session that was lost has told it.
    held.wanted.onLost('another replica has begun another session', found.anew !== true)
    closeWhenIdle(held.connection)
  }

  function letGo(key: string, connection?: BackendConnection): void {
    if (connection === undefined || used.get(key)?.connection === connection) used.delete(key)
  }

  return {
    letGo,
    hold(key, record, connection, wanted) {
      const held: Held = { record, connection, wanted }
      used.set(key, held)
      return new HeldConnection(connection, wanted.place.backend, () => letGo(key, connection))
    },
    async look() {
      if (looking) return
      looking = true
      try {
        const some = [...used].slice(0, LOOKS)
        for (const [key, held] of used.size > LOOKS ? some : []) {
          // To the end of the line: next time it is the others' turn.
          used.delete(key)
          used.set(key, held)
        }
        await Promise.all(some.map((each) => lookAt(...each)))
      } catch (error) {
        log.debug({ err: error }, 'Cannot look whether sessions of backends are still known')
      } finally {
        looking = false
      }
    },
  }
}

interface Held {
  readonly record: SessionRecord
  readonly connection: BackendConnection
  readonly wanted: SharedConnect
}

class HeldConnection extends LossTellingConnection {
  readonly #onClosed: () => void

  constructor(inner: BackendConnection, backend: string, onClosed: () => void) {
    super(inner, backend, false)
    this.#onClosed = onClosed
  }

  override close(options?: { readonly keepSession?: boolean }): Promise<void> {
    this.#onClosed()
    return super.close(options)
  }
}
