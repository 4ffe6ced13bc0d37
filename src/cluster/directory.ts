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
  /** Asks one whether it can have taken what is ours: false if it says so, or does not answer. */
  readonly vouches: (replica: Replica) => Promise<boolean>
  /** Time between two beats, milliseconds. */
  readonly beatMs: number
  /** Life of our entry after a beat, milliseconds. */
  readonly ttlMs: number
  /**
   * We were not there for a while: others may have taken what was ours. Awaited before `ready` lets anything go on; rejects if
   * that cannot be found out now.
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
  /** Those known at the last beat, without ourselves. One that cannot reach the store is among them as long as it answers. */
  readonly others: readonly Replica[]
  /** `url`: where it said it is, for one that has no entry now. */
  find(id: string, url?: string): Promise<Replica | undefined>
  /**
   * `dead` only when it is certain: nobody answers there any more, or its entry is gone and it is silent; and a missing entry says
   * that only to a replica that has reached the store all the time an entry lives. `silent`: it does not answer, and nobody knows
   * more. Never rejects.
   */
  signOf(id: string, url?: string): Promise<'alive' | 'silent' | 'dead'>
  /** False only when it is certain that it is dead. Never rejects. */
  isAlive(id: string, url?: string): Promise<boolean>
  /** Takes away the entry of a replica that is dead; if it is not, it notices at its next beat. Never rejects. */
  bury(id: string): Promise<void>
  /** We took it for dead, and it has not been back in the store since. */
  hasBuried(id: string): boolean
  /** Looks who is there now, as with each beat. Never rejects. */
  meet(): Promise<void>
  /**
   * Undefined: nobody can have taken what is ours, act. A promise: somebody may have (this process stood still, or the store is
   * away for the life of our entry and another replica cannot be asked); when it resolves, what is left to us is ours. Rejects with
   * CLUSTER_IN_DOUBT if that cannot be found out now.
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
/** Dead replicas that are remembered as such. */
const MAX_BURIED = 1_000

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
  /** Since when each beat has reached the store. */
  let steadySince: number | undefined
  /** When our entry was written or prolonged last. */
  let storedAt = beatAt
  /** Somebody may have taken what is ours while we could not tell the store that we live. */
  let doubted = false
  let closed = false
  const buried = new Set<string>()

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
    return doubted || silenceMs() > ttlMs * SAFE_PART
  }

  /** What is missing in the store is missing: entries that went while nobody reached it have been written again. */
  function isSteady(): boolean {
    return steadySince !== undefined && !isInDoubt() && options.elapsed() - steadySince >= ttlMs
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
      if (!closed) {
        if (!there) await comeBack()
        // Others may have been surer than they could be, and the store may have forgotten: each record says whose it is.
        else if (storeIsAway) await options.onLapse()
      }
      if (storeIsAway) log.info({}, 'The store answers again')
      if (stoodStill || storeIsAway) steadySince = startedAt
      storeIsAway = false
      doubted = false
      beatAt = startedAt
      storedAt = startedAt
      beatAtWall = startedAtWall
      await look()
      options.onBeat()
    } catch (error) {
      if (!storeIsAway) log.warn({ err: error }, 'Cannot tell other replicas that we are here')
      storeIsAway = true
      steadySince = undefined
      // While we did not answer, others may have taken over what is ours: only the store can tell.
      if (stoodStill) return
      // They ask us before they do: as long as all of them hear from us, nobody has, and we go on from memory.
      if (options.elapsed() - storedAt > ttlMs * SAFE_PART && !(await areWeVouchedFor())) {
        log.warn({}, 'Another replica may take this one for dead: what lives here has to wait')
        doubted = true
        return
      }
      beatAt = options.elapsed()
      beatAtWall = options.now()
    }
  }

  async function areWeVouchedFor(): Promise<boolean> {
    return (await Promise.all(others.map(options.vouches))).every(Boolean)
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

  /** Reads who is there; those whose entries are gone, and who do not answer either, are taken off the list. */
  async function look(): Promise<void> {
    const list = parseList((await store.get(listKey))?.value)
    const found = await readAll(list)
    const missing = found.filter((other) => typeof other === 'string')
    const cutOff = await Promise.all(missing.map(knownAndNotDead))
    know([...found, ...cutOff].filter((other) => typeof other === 'object'))
    const gone = isSteady() ? missing.filter((id) => !cutOff.some((other) => other?.id === id)) : []
    const isMissing = !closed && list[self.id] === undefined
    if (gone.length === 0 && !isMissing) return
    await changeList((now) => ({
      ...Object.fromEntries(Object.entries(now).filter(([id]) => !gone.includes(id))),
      ...(closed ? {} : { [self.id]: self.url }),
    }))
  }

  function know(next: readonly Replica[]): void {
    const before = others
    others = next
    if (before.some(({ id }) => !others.some((other) => other.id === id))) options.onGone?.()
  }

  /** It has no entry any more: perhaps only its way to the store is cut. */
  async function knownAndNotDead(id: string): Promise<Replica | undefined> {
    const known = others.find((other) => other.id === id)
    if (known === undefined || buried.has(id)) return undefined
    const sign = await options.ping(known)
    return sign === 'alive' || (sign === 'silent' && !isSteady()) ? known : undefined
  }

  /** Those of the list but ourselves; the id alone of one whose entry is gone. */
  function readAll(list: Record<string, string>): Promise<(Replica | string)[]> {
    const ids = Object.keys(list).filter((id) => id !== self.id)
    return Promise.all(ids.map(async (id) => (await read(id)) ?? id))
  }

  async function read(id: string): Promise<Replica | undefined> {
    const entry = (await store.get(entryKey(id)))?.value
    if (entry === undefined) return undefined
    buried.delete(id)
    return readReplica(id, entry)
  }

  async function find(id: string, url?: string): Promise<Replica | undefined> {
    const known = others.find((other) => other.id === id) ?? (await read(id))
    if (known !== undefined || url === undefined || buried.has(id)) return known
    return { id, url }
  }

  async function signOf(id: string, url?: string): Promise<'alive' | 'silent' | 'dead'> {
    if (id === self.id) return 'alive'
    try {
      const replica = await find(id, url)
      if (replica === undefined) return isSteady() || buried.has(id) ? 'dead' : 'silent'
      const sign = await options.ping(replica)
      if (sign !== 'silent') return sign === 'alive' ? 'alive' : 'dead'
      if (!isSteady()) return 'silent'
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
    isAlive: async (id, url) => (await signOf(id, url)) !== 'dead',
    hasBuried: (id) => buried.has(id),
    async bury(id) {
      const [oldest] = buried
      if (oldest !== undefined && buried.size >= MAX_BURIED) buried.delete(oldest)
      buried.add(id)
      know(others.filter((other) => other.id !== id))
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
      steadySince = beatAt
      storedAt = beatAt
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
