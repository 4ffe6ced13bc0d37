import type { MessageBus } from '../storage/message-bus.ts'
import type { RunScript } from '../storage/stores.ts'
import type { Logger } from '../telemetry/logger.ts'
import { PERMIT_SCRIPT } from './permit-script.ts'

/** What this replica uses of one thing that all replicas share. */
export interface PermitUse {
  /** How many there are, for all replicas together. */
  limit(): number
  active(): number
  waiting(): number
  /** More may begin than before. */
  onGranted(): void
}

/** The permits that this replica has of one thing. */
export interface Permits {
  /** So many may be in use here. */
  readonly granted: number
  /** Use has changed: more wait, or one is free. Afterwards `granted` may be less. */
  changed(): void
  /** Gives all back. */
  close(): void
}

export interface SharedPermits {
  open(name: string, use: PermitUse): Permits
  close(): Promise<void>
}

export interface SharedPermitsOptions {
  readonly script: (lua: string) => RunScript
  readonly bus: MessageBus
  /** What keys begin with, the prefix of the stores included. */
  readonly keyPrefix: string
  /** Name of this replica. */
  readonly self: string
  readonly times?: Partial<PermitTimes>
  readonly log: Logger
}

export interface PermitTimes {
  /** How long permits are ours without a word of us. */
  readonly holdMs: number
  /** How long free permits are kept for the next call. */
  readonly idleMs: number
  /** How often to ask again for what was not granted. */
  readonly askMs: number
}

const TIMES: PermitTimes = { holdMs: 10_000, idleMs: 200, askMs: 100 }
/** After Redis failed. */
const AWAY_MS = 1_000

const CHANNEL = 'permits'

/**
 * Permits in Redis. A replica keeps those it has as long as it uses them, so that a call waits for Redis only when there are not
 * enough; where others wait, it gives back what is more than its share. While Redis is away each replica has the whole limit.
 */
export async function openSharedPermits(options: SharedPermitsOptions): Promise<SharedPermits> {
  const { bus, keyPrefix, self, log } = options
  const times = { ...TIMES, ...options.times }
  const ask = options.script(PERMIT_SCRIPT)
  const all = new Map<string, Holder>()
  let isAway = false
  let count = 0
  const unsubscribe = await bus.subscribe(CHANNEL, (text) => {
    const [from, name = ''] = text.split(' ', 2)
    if (from !== self) all.get(decodeURIComponent(name))?.poke()
  })

  function tell(name: string): void {
    bus.publish(CHANNEL, `${self} ${encodeURIComponent(name)}`).catch(() => {})
  }

  async function sync(
    { name, holder }: { name: string; holder: string },
    keep: number,
    want: number,
    limit: number,
  ) {
    const args = [holder, keep, want, limit, times.holdMs, times.holdMs / 4]
    try {
      const answer = (await ask([`${keyPrefix}permits:${name}`], args)) as [number, number]
      if (isAway) log.info({}, 'Budgets of backends are shared again')
      isAway = false
      return { held: Number(answer[0]), most: Number(answer[1]) }
    } catch (error) {
      if (!isAway) {
        log.warn({ err: error }, 'Budgets of backends are not shared now: each replica has its own')
      }
      isAway = true
      return undefined
    }
  }

  return {
    open(name, use) {
      // A reload opens one anew before the old one is closed.
      const place = { name, holder: `${self}/${(count += 1)}` }
      const holder = createHolder({
        use,
        times,
        tell: () => tell(name),
        sync: (keep, want, limit) => sync(place, keep, want, limit),
      })
      all.set(name, holder)
      return {
        get granted() {
          return holder.granted
        },
        changed: () => holder.changed(),
        close() {
          if (all.get(name) === holder) all.delete(name)
          void holder.close()
        },
      }
    },
    async close() {
      await Promise.all(Array.from(all.values(), (each) => each.close()))
      all.clear()
      await unsubscribe().catch(() => {})
    },
  }
}

interface Holder {
  readonly granted: number
  changed(): void
  /** Somebody wants, or gave back. */
  poke(): void
  close(): Promise<void>
}

function createHolder(options: {
  readonly use: PermitUse
  readonly times: PermitTimes
  readonly tell: () => void
  readonly sync: (
    keep: number,
    want: number,
    limit: number,
  ) => Promise<{ held: number; most: number } | undefined>
}): Holder {
  const { use, times } = options
  let granted = 0
  /** Down to so many are given back as calls end. */
  let most = Infinity
  let syncing: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let dueMs = Infinity
  /** Others are to have their turn before we ask again. */
  let isYielding = false
  let isWanting = false
  let isClosed = false

  function later(ms: number): void {
    const due = performance.now() + ms
    if (due >= dueMs) return
    clearTimeout(timer)
    dueMs = due
    timer = setTimeout(() => {
      // Also when one is under way, and this one asks nothing: what comes after it has to be able to ask.
      dueMs = Infinity
      void sync()
    }, ms).unref()
  }

  function sync(): Promise<void> {
    syncing ??= syncNow().finally(() => (syncing = undefined))
    return syncing
  }

  async function syncNow(): Promise<void> {
    clearTimeout(timer)
    dueMs = Infinity
    const before = granted
    const keep = isClosed ? 0 : use.active()
    const limit = use.limit()
    const want = isClosed || isYielding ? 0 : use.waiting()
    // From here on nobody begins with what is being given back.
    granted = keep
    const answer = await options.sync(keep, want, limit)
    granted = answer?.held ?? (isClosed ? 0 : limit)
    most = answer?.most ?? Infinity
    const wantedMore = isWanting
    isWanting = granted < keep + want
    // Others may have what we gave back, or are to give back what we want.
    if (before > keep || isYielding || (isWanting && !wantedMore)) options.tell()
    isYielding = false
    if (isClosed) return
    if (granted > use.active()) use.onGranted()
    if (answer === undefined) later(AWAY_MS)
    else plan()
  }

  function plan(): void {
    const active = use.active()
    // Not all at the same time.
    if (use.waiting() > 0) later(times.askMs * (0.75 + (performance.now() % 1) / 2))
    else if (granted > active) later(times.idleMs)
    else if (granted > 0) later(times.holdMs / 4)
  }

  return {
    get granted() {
      return granted
    },
    changed() {
      if (isClosed) return
      const active = use.active()
      if (granted > active && granted > most) {
        granted = Math.max(active, most)
        isYielding = true
        void sync()
      } else if (syncing === undefined) {
        // All that begin in one turn ask at once.
        if (active + use.waiting() > granted) later(isWanting ? times.askMs : 0)
        else if (granted > active) later(times.idleMs)
      }
    },
    poke() {
      if (granted > 0 || use.waiting() > 0) later(1)
    },
    async close() {
      if (isClosed) return
      isClosed = true
      await syncing
      await sync()
      clearTimeout(timer)
    },
  }
}
