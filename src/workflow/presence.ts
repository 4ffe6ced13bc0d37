import type { KeyValue } from '../storage/key-value.ts'

/** How long a process counts as there after its last sign of life, and how often it gives one. */
const TTL_MS = 10_000
const BEAT_MS = 3000

/** Which processes of a store are there. */
export interface Presence {
  /** Whether the process gave a sign of life lately. */
  isThere(owner: string): Promise<boolean>
  /** Lets others take over at once. */
  close(): Promise<void>
}

/** Tells all who share the store that this process is there, until it is closed. `onBeat` comes along with every sign of life. */
export async function openPresence(options: {
  store: KeyValue
  prefix: string
  owner: string
  onBeat: () => void
  onError: (error: unknown) => void
}): Promise<Presence> {
  const { store, prefix, owner, onBeat, onError } = options
  const key = `${prefix}process:${owner}`
  const beat = async (): Promise<void> => {
    await store.set(key, '', { ttlMs: TTL_MS })
  }
  await beat()
  const timer = setInterval(() => {
    beat().then(onBeat).catch(onError)
  }, BEAT_MS).unref()
  return {
    isThere: async (other) => (await store.get(`${prefix}process:${other}`)) !== undefined,
    async close() {
      clearInterval(timer)
      // A store that is away need not hold up our end: the entry ends by itself.
      await store.delete(key).catch(() => {})
    },
  }
}
