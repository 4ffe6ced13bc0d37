import type { KeyValue } from '../storage/key-value.ts'
import type { Sealing } from './journal-text.ts'
import type { RunSummary } from './runs.ts'

/** An entry of the index, with what a change of it must know. */
export interface Indexed {
  readonly summary: RunSummary
  readonly version: number
}

/**
 * What runs there are, in a key-value store: unfinished ones under `open:`, ended ones, which expire, under `ended:`. The
 * journals are the truth; this says where to look.
 */
export interface RunIndex {
  /** A new run; it stands here before its journal begins. */
  begin(summary: RunSummary): Promise<void>
  /** Moves a run to the ended ones. */
  end(summary: RunSummary, keepMs: number): Promise<void>
  /** Makes an open run that of another owner; false: somebody else was quicker. */
  take(entry: Indexed, owner: string): Promise<boolean>
  /** Moves an ended run to the open ones; false: somebody else did, or it is gone. */
  reopen(entry: Indexed, summary: RunSummary): Promise<boolean>
  /** Forgets an ended run; false: somebody resumed it, or it is gone. */
  drop(entry: Indexed): Promise<boolean>
  find(run: string): Promise<(Indexed & { readonly open: boolean }) | undefined>
  open(): AsyncIterable<Indexed>
  ended(): AsyncIterable<Indexed>
  forget(run: string): Promise<void>
}

/** The index under a prefix of the store. What tools said, which is in the reason why a run failed, is sealed like its journal. */
export function createRunIndex(store: KeyValue, prefix: string, sealing: Sealing): RunIndex {
  const openKey = (run: string): string => `${prefix}open:${run}`
  const endedKey = (run: string): string => `${prefix}ended:${run}`

  const placeOf = (run: string): string => `${prefix}error:${run}`

  function written({ error, ...rest }: RunSummary): string {
    const sealed = error === undefined ? {} : { sealed: sealing.seal(error, placeOf(rest.id)) }
    return JSON.stringify({ ...rest, ...sealed })
  }

  function indexed({ value, version }: { value: string; version: number }): Indexed {
    const { sealed, ...rest } = JSON.parse(value) as RunSummary & { readonly sealed?: string }
    const error = sealed === undefined ? undefined : opened(sealed, rest.id)
    return { summary: error === undefined ? rest : { ...rest, error }, version }
  }

  /** Undefined for what we have no key for: the list shows that run nevertheless. */
  function opened(sealed: string, run: string): string | undefined {
    try {
      return sealing.open(sealed, placeOf(run))
    } catch {
      return undefined
    }
  }

  async function get(key: string): Promise<Indexed | undefined> {
    const entry = await store.get(key)
    return entry && indexed(entry)
  }

  async function* scan(under: string): AsyncIterable<Indexed> {
    for await (const entry of store.scan(under)) yield indexed(entry)
  }

  return {
    async begin(summary) {
      await store.set(openKey(summary.id), written(summary))
    },
    async end(summary, keepMs) {
      await store.set(endedKey(summary.id), written(summary), { ttlMs: keepMs })
      await store.delete(openKey(summary.id))
    },
    async take({ summary, version }, owner) {
      const taken = written({ ...summary, owner })
      return (await store.set(openKey(summary.id), taken, { when: { version } })) !== undefined
    },
    async reopen({ version }, summary) {
      // It must stand somewhere all the time: what stands nowhere is forgotten, journal and all.
      const key = openKey(summary.id)
      const opened = await store.set(key, written(summary), { when: 'absent' })
      if (opened === undefined) return false
      if (await store.delete(endedKey(summary.id), { version })) return true
      await store.delete(key, { version: opened })
      return false
    },
    drop: ({ summary, version }) => store.delete(endedKey(summary.id), { version }),
    async find(run) {
      const open = await get(openKey(run))
      if (open !== undefined) return { ...open, open: true }
      const ended = await get(endedKey(run))
      return ended && { ...ended, open: false }
    },
    open: () => scan(`${prefix}open:`),
    ended: () => scan(`${prefix}ended:`),
    async forget(run) {
      await store.delete(openKey(run))
      await store.delete(endedKey(run))
    },
  }
}
