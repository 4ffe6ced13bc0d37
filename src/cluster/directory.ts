import type { Now } from '../base/clock.ts'
import { isJsonObject } from '../base/json.ts'
import type { KeyValue } from '../storage/key-value.ts'
import type { Logger } from '../telemetry/logger.ts'
import { clusterErrors } from './errors.ts'
import { readReplica, writeReplica, type Replica, type Sign } from './replica.ts'

export interface DirectoryOptions {
  readonly self: Replica
  readonly store: KeyValue
  readonly keyPrefix: string
  /** Asks another replica directly. */
  readonly ping: (replica: Replica) => Promise<Sign>
  /** Time between two beats, milliseconds. */
  readonly beatMs: number
  /** Life of our entry after a beat, milliseconds. */
  readonly ttlMs: number
  /**
   * We were not there for a while: others may have taken what was ours. Awaited before `ready` lets anything go on.
   */
  readonly onLapse: () => Promise<void>
  /** The store took a sign of life, and we know who is there. */
  readonly onBeat: () => void
  /** A replica is not there any more: it has left, or is dead. */
  readonly onGone?: () => void
  /** Monotonic milliseconds. */
  readonly elapsed: () => number
  readonly now: Now
  readonly log: Logger
}

/**
 * Which replicas there are. Each has an entry in the store that lives a little longer than the time between two beats;
 * clocks of different machines are never compared.
 */
export interface Directory {
  readonly self: Replica
  /** Those known at the last beat, without ourselves. */
  readonly others: readonly Replica[]
  find(id: string): Promise<Replica | undefined>
  /**
   * `dead` only when it is certain: nobody answers there any more, or its entry is gone and it is silent. `silent`: it does not
   * answer, but its entry is there or cannot be read. Never rejects.
   */
  signOf(id: string): Promise<'alive' | 'silent' | 'dead'>
  /** False only when it is certain that it is dead. Never rejects. */
  isAlive(id: string): Promise<boolean>
  /** Takes away the entry of a replica that is dead; if it is not, it notices at its next beat. Never rejects. */
  bury(id: string): Promise<void>
  /** Looks who is there now, as with each beat. Never rejects. */
  meet(): Promise<void>
  /**
   * Undefined: our entry cannot have expired, act. A promise: it may have (this process stood still, or the store is
   * away); when it resolves, what is left to us is ours. Rejects with CLUSTER_IN_DOUBT if that cannot be found out now.
   */
  ready(): Promise<void> | undefined
  /** `now()` of the last time we may have missed what others said: what was known before has to be read again. */
  readonly trustedSinceMs: number
  /** Who is there now, whether we have started or not. */
  present(): Promise<readonly Replica[]>
  /** Writes our entry and reads the others'. */
  start(): Promise<void>
  /** Takes our entry away. */
  close(): Promise<void>
}

/** After so much of its life an entry that was not prolonged may be gone before we look. */
const SAFE_PART = 0.7

export function createDirectory(options: DirectoryOptions): Directory {
  const { self, store, keyPrefix, ttlMs, log } = options
  const listKey = `${keyPrefix}replicas`
  let others: readonly Replica[] = []
  let timer: NodeJS.Timeout | undefined
  let beating: Promise<void> | undefined
  let beatAt = options.elapsed()
  let beatAtWall = options.now()
  let trustedSinceMs = 0
  let storeIsAway = false
  let closed = false

  function entryKey(id: string): string {
    return `${keyPrefix}replica:${id}`
  }

  /** Time without a beat; a machine that slept shows in the wall clock only. */
  function silenceMs(): number {
    return Math.max(options.elapsed() - beatAt, options.now() - beatAtWall)
  }

  function beat(): Promise<void> {
    beating ??= beatNow().finally(() => (beating = undefined))
    return beating
  }

  function isInDoubt(): boolean {
    return silenceMs() > ttlMs * SAFE_PART
  }

  async function resolveDoubt(): Promise<void> {
    await beat()
    if (isInDoubt()) throw clusterErrors.IN_DOUBT({ ran: 'no', retryAfterMs: 1_000 })
  }

  async function beatNow(): Promise<void> {
    const stoodStill = isInDoubt()
    const startedAt = options.elapsed()
    const startedAtWall = options.now()
    try {
      const there = await store.touch(entryKey(self.id), ttlMs)
      if (!there && !closed) await comeBack()
      if (storeIsAway) log.info({}, 'The store answers again')
      storeIsAway = false
      beatAt = startedAt
      beatAtWall = startedAtWall
      await look()
      options.onBeat()
    } catch (error) {
      if (!storeIsAway) log.warn({ err: error }, 'Cannot tell other replicas that we are here')
      storeIsAway = true
      // While we did not answer, others may have taken over what is ours: only the store can tell.
      if (stoodStill) return
      // We answered all the time, so nobody has: go on from memory.
      beatAt = options.elapsed()
      beatAtWall = options.now()
    }
  }

  async function comeBack(): Promise<void> {
    log.warn(
      { silenceMs: Math.round(silenceMs()) },
      'This replica was taken for dead: it looks what it still has',
    )
    trustedSinceMs = options.now()
    await enter()
    await options.onLapse()
  }

  async function enter(): Promise<void> {
    await store.set(entryKey(self.id), writeReplica(self), { ttlMs })
    await changeList((list) => ({ ...list, [self.id]: self.url }))
  }

  async function changeList(
    change: (list: Record<string, string>) => Record<string, string>,
  ): Promise<void> {
    for (let tries = 0; tries < 20; tries++) {
      const entry = await store.get(listKey)
      const next = JSON.stringify(change(parseList(entry?.value)))
      if (next === entry?.value) return
      const when = entry === undefined ? 'absent' : { version: entry.version }
      if ((await store.set(listKey, next, { when })) !== undefined) return
    }
  }

  /** Reads who is there; entries that are gone are taken off the list. */
  async function look(): Promise<void> {
    const list = parseList((await store.get(listKey))?.value)
    const found = await readAll(list)
    const before = others
    others = found.filter((other) => typeof other === 'object')
    if (before.some(({ id }) => !others.some((other) => other.id === id))) options.onGone?.()
    const gone = found.filter((other) => typeof other === 'string')
    const isMissing = !closed && list[self.id] === undefined
    if (gone.length === 0 && !isMissing) return
    await changeList((now) => ({
      ...Object.fromEntries(Object.entries(now).filter(([id]) => !gone.includes(id))),
      ...(closed ? {} : { [self.id]: self.url }),
    }))
  }

  /** Those of the list but ourselves; the id alone of one whose entry is gone. */
  function readAll(list: Record<string, string>): Promise<(Replica | string)[]> {
    const ids = Object.keys(list).filter((id) => id !== self.id)
    return Promise.all(ids.map(async (id) => (await read(id)) ?? id))
  }

  async function read(id: string): Promise<Replica | undefined> {
    const entry = (await store.get(entryKey(id)))?.value
    return entry === undefined ? undefined : readReplica(id, entry)
  }

  async function find(id: string): Promise<Replica | undefined> {
    return others.find((other) => other.id === id) ?? read(id)
  }

  async function signOf(id: string): Promise<'alive' | 'silent' | 'dead'> {
    if (id === self.id) return 'alive'
    try {
      const replica = await find(id)
      if (replica === undefined) return 'dead'
      const sign = await options.ping(replica)
      if (sign !== 'silent') return sign === 'alive' ? 'alive' : 'dead'
      return (await store.get(entryKey(id))) === undefined ? 'dead' : 'silent'
    } catch (error) {
      log.debug({ replica: id, err: error }, 'Cannot tell whether a replica lives')
      return 'silent'
    }
  }

  function nextBeat(): void {
    timer = setTimeout(() => {
      void beat().then(() => {
        if (!closed) nextBeat()
      })
    }, options.beatMs).unref()
  }

  return {
    self,
    get others() {
      return others
    },
    find,
    signOf,
    isAlive: async (id) => (await signOf(id)) !== 'dead',
    async bury(id) {
      try {
        await store.delete(entryKey(id))
        await look()
      } catch (error) {
        log.debug({ replica: id, err: error }, 'Cannot take the entry of a dead replica away')
      }
    },
    async meet() {
      await look().catch((error: unknown) => {
        log.debug({ err: error }, 'Cannot look who is there')
      })
    },
    ready: () => (isInDoubt() ? resolveDoubt() : undefined),
    get trustedSinceMs() {
      return trustedSinceMs
    },
    async present() {
      const found = await readAll(parseList((await store.get(listKey))?.value))
      return found.filter((other) => typeof other === 'object')
    },
    async start() {
      await enter()
      await look()
      beatAt = options.elapsed()
      beatAtWall = options.now()
      nextBeat()
    },
    async close() {
      closed = true
      clearTimeout(timer)
      await beating
      try {
        await store.delete(entryKey(self.id))
        await changeList(({ [self.id]: _, ...rest }) => rest)
      } catch (error) {
        log.debug({ err: error }, 'Cannot take our entry away: it ends by itself')
      }
    },
  }
}

function parseList(text: string | undefined): Record<string, string> {
  if (text === undefined) return {}
  const list: unknown = JSON.parse(text)
  if (!isJsonObject(list)) return {}
  return Object.fromEntries(
    Object.entries(list).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  )
}
