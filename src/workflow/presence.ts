import type { KeyValue } from '../storage/key-value.ts'

/** How long a process counts as there after its last sign of life, and how often it gives one. */
const TTL_MS = 10_000
const BEAT_MS = 3000
/** Longer between two signs of our own: we cannot say that the store was there meanwhile. */
const MAX_PAUSE_MS = 1.5 * BEAT_MS
/** The sign of a process that has left in order; it stays until all others have seen it. */
const LEFT = 'left'

export interface PresenceOptions {
  readonly store: KeyValue
  readonly prefix: string
  readonly owner: string
  /** Comes along with every sign of life. */
  readonly onBeat: () => void
  readonly onError: (error: unknown) => void
  /** True for a process that is known to be gone, before its sign of life expires. */
  readonly isGone?: ((owner: string) => boolean) | undefined
  /** Asks a process directly, without the store: false if it does not answer. Never rejects. Absent: nobody can be asked. */
  readonly answers?: ((owner: string) => Promise<boolean>) | undefined
  /** Monotonic milliseconds. */
  readonly elapsed?: () => number
  /** Time between two signs. */
  readonly beatMs?: number
}

/** Which processes of a store are there. */
export interface Presence {
  /**
   * False only for a process that has left, or that gives no sign of life any more though it could, and does not answer either.
   * Signs that ended while the store was away say nothing: whoever lives gets the time to give one again.
   */
  isThere(owner: string): Promise<boolean>
  /** Lets others take over at once. */
  close(): Promise<void>
}

/** Tells all who share the store that this process is there, until it is closed. */
export async function openPresence(options: PresenceOptions): Promise<Presence> {
  const { store, prefix, owner, onBeat, onError, beatMs = BEAT_MS } = options
  const elapsed = options.elapsed ?? (() => performance.now())
  const keyOf = (process: string): string => `${prefix}process:${process}`
  /** Since when every sign of ours came in time. */
  let reachableSince: number | undefined
  let lastBeatAt = 0

  async function beat(): Promise<void> {
    const at = elapsed()
    if (at - lastBeatAt > MAX_PAUSE_MS) reachableSince = undefined
    try {
      await store.set(keyOf(owner), '', { ttlMs: TTL_MS })
    } catch (error) {
      reachableSince = undefined
      throw error
    }
    lastBeatAt = at
    reachableSince ??= at
  }

  /** Whether everybody who lives had the time to say so. */
  function couldBeTold(): boolean {
    return reachableSince !== undefined && elapsed() - reachableSince >= TTL_MS
  }

  await beat()
  const timer = setInterval(() => {
    beat().then(onBeat).catch(onError)
  }, beatMs).unref()

  return {
    async isThere(other) {
      if (options.isGone?.(other) === true) return false
      const sign = await store.get(keyOf(other))
      if (sign !== undefined) return sign.value !== LEFT
      return !couldBeTold() || (await options.answers?.(other)) === true
    },
    async close() {
      clearInterval(timer)
      // A store that is away need not hold up our end: the entry ends by itself.
      await store.set(keyOf(owner), LEFT, { ttlMs: 3 * TTL_MS }).catch(() => {})
    },
  }
}
