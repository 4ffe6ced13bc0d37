import { isAppError } from '../../base/errors.ts'
import type { BackendConnection } from '../../mcp/backend-connection.ts'
import type { Call } from '../../mcp/call.ts'
import type { ClientSession } from '../../mcp/client-session.ts'
import type { BackendConfig } from '../config.ts'
import { gatewayErrors } from '../errors.ts'
import type { ConnectionPool } from './pool.ts'
import type { Slot } from './slot.ts'

/** Whose connection a call may use. */
export type CallOwner = Pick<Call, 'principal'> & { readonly session?: ClientSession | undefined }

export interface SlotChoiceOptions {
  readonly config: () => BackendConfig
  /** The gateway's own connection: what it turns out to be tells who may use it. */
  readonly main: Slot
  /** Tries to reach the backend now if it is down and waiting. */
  readonly wake: () => void
  /** The connections that belong to somebody. */
  readonly own: Pick<ConnectionPool, 'slotFor' | 'release'>
}

/** Which connection of a backend a call goes through. */
export interface SlotChoice {
  /** Rejects with BACKEND_AWAY, or as the pool throws. */
  slotFor(call: CallOwner): Slot | Promise<Slot>
  /** The backend was reached anew: it may be another one. */
  reached(): void
}

export function createSlotChoice(options: SlotChoiceOptions): SlotChoice {
  const { main, own, wake } = options
  /** A backend that prefers the modern era was asked for a legacy session and had none to give. */
  let onlyModern = false

  function pickSlot(call: CallOwner, connection: BackendConnection): Slot | Promise<Slot> {
    const { session } = call
    const config = options.config()
    if (session !== undefined && !onlyModern && mayServeLegacy(config, connection, session)) {
      return legacySlot(session)
    }
    if (isShared(config, connection)) return main
    return session !== undefined && config.sessions === 'perSession'
      ? own.slotFor({ kind: 'session', session })
      : own.slotFor({ kind: 'principal', principal: call.principal })
  }

  function legacySlot(session: ClientSession): Slot | Promise<Slot> {
    const slot = own.slotFor({ kind: 'session', session })
    if (slot.connection !== undefined) return slot
    return Promise.resolve(slot.open()).then(
      (connection) => (isSession(connection) ? slot : stayModern(session, true)),
      // A process that does not answer would keep each session waiting anew.
      (error: unknown) => stayModern(session, isStdio() || refusesLegacy(error)),
    )
  }

  function isStdio(): boolean {
    return options.config().target.kind === 'stdio'
  }

  /** `forGood`: the backend does not serve that era; else it only could not be asked just now. */
  function stayModern(session: ClientSession, forGood: boolean): Slot {
    if (forGood) onlyModern = true
    own.release({ kind: 'session', session })
    return main
  }

  async function waitForMain(): Promise<BackendConnection> {
    wake()
    try {
      return await main.open()
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw gatewayErrors.BACKEND_AWAY({ backend: options.config().name, reason }, error)
    }
  }

  return {
    slotFor(call) {
      const { connection } = main
      // Unknown yet whether it is shared: whoever is first opens the main connection, which tells.
      if (connection === undefined) return waitForMain().then((up) => pickSlot(call, up))
      return pickSlot(call, connection)
    },
    reached() {
      onlyModern = false
    },
  }
}

/**
 * A server may serve both eras: then a legacy client's session becomes one of the server's, untranslated. On stdio that takes a
 * process, so only for clients that can be asked: many tools of such servers ask only in the legacy way.
 */
function mayServeLegacy(
  config: BackendConfig,
  connection: BackendConnection,
  { client: { capabilities } }: ClientSession,
): boolean {
  if (connection.era !== 'modern' || config.era !== 'auto' || config.sessions !== 'perSession') {
    return false
  }
  if (config.target.kind === 'http') return true
  return capabilities['elicitation'] !== undefined || capabilities['sampling'] !== undefined
}

/** What keeps state for one client: a process, or a session over HTTP. */
function isSession({ transport, sessionId }: BackendConnection): boolean {
  return transport === 'stdio' || sessionId !== undefined
}

function isShared({ sessions, target }: BackendConfig, connection: BackendConnection): boolean {
  if (connection.era === 'modern' || sessions === 'shared') return true
  // A streamable HTTP server without session ids keeps nothing between calls.
  const isStreamable = target.kind === 'http' && target.transport === 'streamable-http'
  return isStreamable && connection.sessionId === undefined
}

/** A definite no to `initialize`: not a server in trouble, and not one that wants other credentials. */
function refusesLegacy(error: unknown): boolean {
  if (isAppError(error, 'MCP_BACKEND_PROTOCOL')) return true
  if (!isAppError(error, 'MCP_BACKEND_HTTP')) return false
  const status = Number(error.details['httpStatus'])
  return status >= 400 && status < 500 && ![401, 403, 408, 429].includes(status)
}
