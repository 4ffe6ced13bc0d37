import type { KeyValue } from '../storage/key-value.ts'

const KEY = 'key:state'

/**
 * The key that seals what clients hold for us: cursors, task ids, states of parked calls. Kept in the store of the
 * sessions, so that those hold as long as the sessions do: beyond a restart, and for every process that shares it.
 */
export async function storedKey(store: KeyValue, fresh: () => Buffer): Promise<Buffer> {
  const found = await store.get(KEY)
  if (found !== undefined) return Buffer.from(found.value, 'base64')
  const made = fresh()
  const written = await store.set(KEY, made.toString('base64'), { when: 'absent' })
  // Another process was quicker: its key is the one.
  return written === undefined ? storedKey(store, fresh) : made
}
