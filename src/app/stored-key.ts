import { clusterErrors } from '../cluster/errors.ts'
import type { Sealer } from '../cluster/sealer.ts'
import type { KeyValue } from '../storage/key-value.ts'

const KEY = 'key:state'
const SEALED = 'sealed '

/**
 * The key that seals what clients hold for us: cursors, task ids, states of parked calls. Kept in the store of the
 * sessions, so that those hold as long as the sessions do: beyond a restart, and for every process that shares it. `sealer`:
 * whoever reads the store does not have it. Rejects with CLUSTER_NO_KEY if it was sealed with another key.
 */
export async function storedKey(
  store: KeyValue,
  fresh: () => Buffer,
  sealer?: Sealer,
): Promise<Buffer> {
  const found = await store.get(KEY)
  if (found !== undefined) {
    const key = read(found.value, sealer)
    if (sealer !== undefined && !found.value.startsWith(SEALED)) {
      await store.set(KEY, write(key, sealer), { when: { version: found.version } })
    }
    return key
  }
  const made = fresh()
  const written = await store.set(KEY, write(made, sealer), { when: 'absent' })
  // Another process was quicker: its key is the one.
  return written === undefined ? storedKey(store, fresh, sealer) : made
}

function write(key: Buffer, sealer: Sealer | undefined): string {
  const text = key.toString('base64')
  return sealer === undefined ? text : SEALED + sealer.seal(text, KEY)
}

function read(value: string, sealer: Sealer | undefined): Buffer {
  if (!value.startsWith(SEALED)) return Buffer.from(value, 'base64')
  const text = sealer?.open(value.slice(SEALED.length), KEY)
  if (text !== undefined) return Buffer.from(text, 'base64')
  const reason = 'what is in the session store was sealed with another key'
  throw clusterErrors.NO_KEY({ source: 'the section cluster', reason })
}
