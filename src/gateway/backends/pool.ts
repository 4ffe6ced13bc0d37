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
  /** `isReturning`: the owner had one before, which had to make room for others. */
  readonly makeSlot: (owner: SlotOwner, isReturning: boolean) => Slot
  /** Beyond it the least recently used one that is not in use makes room. Asked each time, as a reload may change it. */
  readonly maxSlots: () => number
  /** Slots of principals end after so long without use; slots of sessions end with their session. A reload changes it. */
  readonly idleMs: () => number
  readonly now: Now
  /** Other replicas may go on with a backend's session that nobody uses here any more. Default: there are none. */
  readonly mayGoOn?: (owner: SlotOwner) => Promise<boolean>
  /** The owner has used its connection since the last sweep. */
  readonly onUsed?: (owner: SlotOwner) => void
  /** The slot only leads to another replica: it makes room first, as nothing is lost with it. Default: none does. */
  readonly isElsewhere?: (slot: Slot) => boolean
  /** The owner's connection is no longer kept. */
  readonly onEnd: (owner: SlotOwner) => void
  /** It was because others needed the place. */
  readonly onEvicted?: (owner: SlotOwner) => void
}

interface Pooled {
  readonly slot: Slot
  readonly owner: SlotOwner
  lastUsedMs: number
  /** Calls of `onUsed` came so far. */
  sweptMs: number
}

/** The connections to one backend that belong to somebody: to a session, or to a principal without one. */
export interface ConnectionPool {
  /** Throws TOO_MANY_CONNECTIONS if all are in use, or MCP_CALL_CANCELLED for a session that has ended: a call may outlive it by a moment. */
  slotFor(owner: SlotOwner): Slot
  /** The slot if it is there already. */
  peek(owner: SlotOwner): Slot | undefined
  /** Closes the owner's connection; its next call opens another one. */
  release(owner: SlotOwner): void
  /** `goesOn`: on another replica. */
  endSession(session: ClientSession, goesOn?: boolean): void
  /** Closes what was idle for too long. */
  sweep(): void
  readonly size: number
  close(options?: { readonly keepSession?: boolean }): Promise<void>
}

export function createPool(options: PoolOptions): ConnectionPool {
  const { now } = options
  const slots = new Map<string, Pooled>()
  const ended = new WeakSet<ClientSession>()
  /** Owners whose slot made room for others, and when. */
  const evicted = new Map<string, number>()

  function end(key: string, pooled: Pooled, keepSession = false): void {
    slots.delete(key)
    options.onEnd(pooled.owner)
    void pooled.slot.close({ keepSession })
  }

  function release(owner: SlotOwner, keepSession = false): void {
    const key = ownerKey(owner)
    const pooled = slots.get(key)
    if (pooled !== undefined) end(key, pooled, keepSession)
  }

  async function endIdle(key: string, pooled: Pooled): Promise<void> {
    const keepSession = (await options.mayGoOn?.(pooled.owner)) === true
    if (slots.get(key) === pooled && isIdle(pooled)) end(key, pooled, keepSession)
  }

  function isIdle({ slot, lastUsedMs }: Pooled): boolean {
    return !slot.isInUse && now() - lastUsedMs >= options.idleMs()
  }

  function goesBefore(a: Pooled, b: Pooled): boolean {
    const [aElsewhere, bElsewhere] = [a, b].map(({ slot }) => options.isElsewhere?.(slot) === true)
    return aElsewhere === bElsewhere ? a.lastUsedMs < b.lastUsedMs : aElsewhere === true
  }

  function makeRoom(): void {
    const limit = options.maxSlots()
    if (slots.size < limit) return
    let oldest: [string, Pooled] | undefined
    for (const entry of slots) {
      const isBetter = oldest === undefined || goesBefore(entry[1], oldest[1])
      if (isBetter && !isInUse(entry[1])) oldest = entry
    }
    if (oldest === undefined) {
      throw gatewayErrors.TOO_MANY_CONNECTIONS({ backend: options.backend, limit })
    }
    const [key, pooled] = oldest
    if (pooled.slot.connection !== undefined) evicted.set(key, now())
    // With other replicas its record stays: it says that there was something.
    end(key, pooled, options.mayGoOn !== undefined)
    options.onEvicted?.(pooled.owner)
  }

  /** Who stopped coming back begins anew without a word, as after a time without use. */
  function forgetEvicted(): void {
    for (const [key, atMs] of evicted) if (now() - atMs >= options.idleMs()) evicted.delete(key)
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
        makeRoom()
        const slot = options.makeSlot(owner, evicted.delete(key))
        pooled = { slot, owner, lastUsedMs: 0, sweptMs: now() }
        slots.set(key, pooled)
      }
      pooled.lastUsedMs = now()
      return pooled.slot
    },
    peek: (owner) => slots.get(ownerKey(owner))?.slot,
    release: (owner) => release(owner),
    endSession(session, goesOn) {
      ended.add(session)
      evicted.delete(ownerKey({ kind: 'session', session }))
      release({ kind: 'session', session }, goesOn)
    },
    sweep() {
      forgetEvicted()
      for (const [key, pooled] of slots) {
        if (pooled.owner.kind === 'session') continue
        if (isIdle(pooled)) void endIdle(key, pooled)
        else if (pooled.lastUsedMs > pooled.sweptMs) options.onUsed?.(pooled.owner)
        pooled.sweptMs = now()
      }
    },
    async close(how = {}) {
      const all = [...slots.values()]
      slots.clear()
      await Promise.all(all.map((pooled) => pooled.slot.close(how)))
    },
  }
}

/** A session with a call or a stream open is in use as a whole. */
function isInUse({ owner, slot }: Pooled): boolean {
  return slot.isInUse || (owner.kind === 'session' && owner.session.inFlight > 0)
}

/** One key per owner, for maps. */
export function ownerKey(owner: SlotOwner): string {
  return owner.kind === 'session' ? `s ${owner.session.id}` : `p ${owner.principal.binding}`
}
