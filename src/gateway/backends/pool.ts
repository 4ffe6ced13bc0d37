import type { Now } from '../../base/clock.ts'
import type { Principal } from '../../mcp/caller.ts'
import type { ClientSession } from '../../mcp/client-session.ts'
import { mcpErrors } from '../../mcp/errors.ts'
import { gatewayErrors } from '../errors.ts'
import type { Slot } from './slot.ts'

export type SlotOwner =
  | { readonly kind: 'session'; readonly session: ClientSession }
  | { readonly kind: 'principal'; readonly principal: Principal }

export interface PoolOptions {
  readonly backend: string
  readonly makeSlot: (owner: SlotOwner) => Slot
  /** More connections to one backend than this are refused: for stdio each one is a process. */
  readonly maxSlots: number
  /** Slots of principals end after so long without use; slots of sessions end with their session. A reload changes it. */
  readonly idleMs: () => number
  readonly now: Now
  /** The owner's connection is no longer kept. */
  readonly onEnd: (owner: SlotOwner) => void
}

interface Pooled {
  readonly slot: Slot
  readonly owner: SlotOwner
  lastUsedMs: number
}

/** The connections to one backend that belong to somebody: to a session, or to a principal without one. */
export interface ConnectionPool {
  /** Throws TOO_MANY_CONNECTIONS, or MCP_CALL_CANCELLED for a session that has ended: a call may outlive it by a moment. */
  slotFor(owner: SlotOwner): Slot
  /** The slot if it is there already. */
  peek(owner: SlotOwner): Slot | undefined
  /** Closes the owner's connection; its next call opens another one. */
  release(owner: SlotOwner): void
  endSession(session: ClientSession): void
  /** Closes what was idle for too long. */
  sweep(): void
  readonly size: number
  close(): Promise<void>
}

export function createPool(options: PoolOptions): ConnectionPool {
  const { now } = options
  const slots = new Map<string, Pooled>()
  const ended = new WeakSet<ClientSession>()

  function end(key: string, pooled: Pooled): void {
    slots.delete(key)
    options.onEnd(pooled.owner)
    void pooled.slot.close()
  }

  function release(owner: SlotOwner): void {
    const key = ownerKey(owner)
    const pooled = slots.get(key)
    if (pooled !== undefined) end(key, pooled)
  }

  return {
    get size() {
      return slots.size
    },
    slotFor(owner) {
      const key = ownerKey(owner)
      let pooled = slots.get(key)
      if (pooled === undefined) {
        if (owner.kind === 'session' && ended.has(owner.session)) {
          throw mcpErrors.CALL_CANCELLED({ reason: 'the session has ended', ran: 'no' })
        }
        if (slots.size >= options.maxSlots) {
          throw gatewayErrors.TOO_MANY_CONNECTIONS({
            backend: options.backend,
            limit: options.maxSlots,
          })
        }
        pooled = { slot: options.makeSlot(owner), owner, lastUsedMs: 0 }
        slots.set(key, pooled)
      }
      pooled.lastUsedMs = now()
      return pooled.slot
    },
    peek: (owner) => slots.get(ownerKey(owner))?.slot,
    release,
    endSession(session) {
      ended.add(session)
      release({ kind: 'session', session })
    },
    sweep() {
      for (const [key, pooled] of slots) {
        if (pooled.owner.kind === 'session') continue
        const busy = (pooled.slot.connection?.inFlight ?? 0) > 0
        if (!busy && now() - pooled.lastUsedMs >= options.idleMs()) end(key, pooled)
      }
    },
    async close() {
      const all = [...slots.values()]
      slots.clear()
      await Promise.all(all.map((pooled) => pooled.slot.close()))
    },
  }
}

/** One key per owner, for maps. */
export function ownerKey(owner: SlotOwner): string {
  return owner.kind === 'session' ? `s ${owner.session.id}` : `p ${owner.principal.binding}`
}
