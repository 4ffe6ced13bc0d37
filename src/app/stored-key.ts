import { setTimeout as sleep } from 'node:timers/promises'
import type { Entry, KeyValue } from '../storage/key-value.ts'
import type { Sealer } from '../storage/sealing.ts'
import type { Logger } from '../telemetry/logger.ts'
import { appErrors } from './errors.ts'

const KEY = 'key:state'
const AGAIN_MS = 250
const NOT_BELIEVED =
  'The store has a key in plain text, though there is one to seal it with: it is replaced, and cursors, task ids and parked calls of before are over'
/** A sealed text never looks like base64. */
const PLAIN = /^[A-Za-z0-9+/]{43}=$/

export interface StoredKeyOptions {
  readonly store: KeyValue
  /** Makes 32 bytes. */
  readonly fresh: () => Buffer
  /** Without it the key is stored as it is: whoever may read the store could forge what clients hold. */
  readonly sealer?: Sealer | undefined
  /** How long others that run have to put back the key that they have, where somebody put one in plain text, milliseconds. */
  readonly patienceMs?: number
  /** Others run on what the store has: what they know must not be replaced. */
  readonly othersRun?: () => Promise<boolean>
  readonly log: Logger
}

/**
 * The key that seals what clients hold for us: cursors, task ids, states of parked calls. Kept in the store of the
 * sessions, so that those hold as long as the sessions do: beyond a restart, and for every process that shares it. Where there is a
 * sealer, one in plain text is not believed, whoever wrote it: another is made, and what was sealed with it is over. Rejects if
 * it was sealed by a key we do not have, or if others run with one in plain text.
 */
export async function storedKey(options: StoredKeyOptions): Promise<Buffer> {
  const { store, fresh, sealer, log } = options
  const found = await waitForSealed(options)
  const { version } = found ?? {}
  const known = found && openKey(found.value, sealer)
  if (known && !known.stale) return known.key
  if (found !== undefined && known === undefined) {
    if (await options.othersRun?.()) throw appErrors.STATE_KEY_PLAIN({})
    log.warn({}, NOT_BELIEVED)
  }
  const key = known?.key ?? fresh()
  const text = key.toString('base64')
  const written = await store.set(KEY, sealer?.seal(text, KEY) ?? text, {
    when: version === undefined ? 'absent' : { version },
  })
  // Another process was quicker: its key is the one.
  return written === undefined ? storedKey(options) : key
}

/** What the store has; what is in plain text only if nobody replaces it. */
async function waitForSealed(options: StoredKeyOptions): Promise<Entry | undefined> {
  const { store, sealer, patienceMs = 0 } = options
  const until = performance.now() + patienceMs
  for (;;) {
    const found = await store.get(KEY)
    const isForged = found !== undefined && sealer !== undefined && PLAIN.test(found.value)
    if (!isForged || performance.now() >= until) return found
    await sleep(AGAIN_MS)
  }
}

export interface KeepKeyOptions extends Omit<
  StoredKeyOptions,
  'fresh' | 'patienceMs' | 'othersRun'
> {
  readonly key: Buffer
  /** Time between two looks, milliseconds. */
  readonly everyMs?: number
}

const LOOK_MS = 2_500

/**
 * Stores the key again when the store lost it (it was emptied, or had no room): a replica that starts then would make another
 * one, and the others could neither read what it seals nor talk to it.
 */
export function keepStoredKey(options: KeepKeyOptions): { close(): void } {
  const { store, key, sealer, log } = options
  let looking = false
  let isOther = false

  async function look(): Promise<void> {
    looking = true
    try {
      const text = key.toString('base64')
      const found = await store.get(KEY)
      if (found === undefined) {
        const stored = await store.set(KEY, sealer?.seal(text, KEY) ?? text, { when: 'absent' })
        if (stored !== undefined) log.warn({}, 'The store lost its key: it was stored again')
      } else if (sealer !== undefined && PLAIN.test(found.value)) {
        const when = { version: found.version }
        const stored = await store.set(KEY, sealer.seal(text, KEY), { when })
        if (stored !== undefined) log.warn({}, 'Somebody put a key in plain text: it was replaced')
      } else if (!isOther && openKey(found.value, sealer)?.key.equals(key) === false) {
        isOther = true
        log.error({}, 'The store has another key than this replica: restart the replica')
      }
    } catch (error) {
      log.debug({ err: error }, 'Cannot look whether the store still has its key')
    } finally {
      looking = false
    }
  }

  const timer = setInterval(() => {
    if (!looking) void look()
  }, options.everyMs ?? LOOK_MS).unref()
  return { close: () => clearInterval(timer) }
}

/** Undefined: it is in plain text and must not be. */
function openKey(
  value: string,
  sealer: Sealer | undefined,
): { readonly key: Buffer; readonly stale: boolean } | undefined {
  if (PLAIN.test(value)) {
    return sealer === undefined ? { key: Buffer.from(value, 'base64'), stale: false } : undefined
  }
  const opened = sealer?.open(value, KEY)
  if (opened === undefined) throw appErrors.STATE_KEY_SEALED({ id: value.split('.')[1] ?? '' })
  return { key: Buffer.from(opened.text, 'base64'), stale: opened.stale }
}
