import type { KeyValue } from '../storage/key-value.ts'
import type { RunEvent } from './run-events.ts'

export interface WaitingMarksOptions {
  readonly store: KeyValue
  readonly prefix: string
  /** How long a mark stays that nobody takes away, in milliseconds: its process has died, and the run ended without an answer. */
  readonly keepMs: number
  /** Whether the run is under way in this process and has an open question. */
  readonly isWaiting: (run: string) => boolean
  readonly onError: (error: unknown) => void
}

/**
 * Which runs wait for an answer, for all processes that share a store. Their journals tell it too, but a list of runs reads no
 * journals.
 */
export interface WaitingMarks {
  /** An event of a run of this process. The mark follows in the background. */
  hear(event: RunEvent): void
  /** Ids of the runs that wait, in any process. */
  all(): Promise<ReadonlySet<string>>
}

export function createWaitingMarks(options: WaitingMarksOptions): WaitingMarks {
  const { store, keepMs, isWaiting, onError } = options
  const prefix = `${options.prefix}waiting:`
  /** Marks that are not written yet. */
  const wanted = new Map<string, boolean>()
  let isWriting = false

  /** One after the other, so that the last wish for a run is what stays. */
  async function write(): Promise<void> {
    if (isWriting) return
    isWriting = true
    for (const [run, waits] of wanted) {
      wanted.delete(run)
      try {
        if (waits) await store.set(prefix + run, '', { ttlMs: keepMs })
        else await store.delete(prefix + run)
      } catch (error) {
        onError(error)
      }
    }
    isWriting = false
  }

  return {
    hear({ kind, run }) {
      if (kind === 'question-asked') wanted.set(run, true)
      else if (kind === 'question-answered') wanted.set(run, isWaiting(run))
      else if (kind === 'run-finished' && isWaiting(run)) wanted.set(run, false)
      else return
      void write()
    },
    async all() {
      const runs = new Set<string>()
      for await (const { key } of store.scan(prefix)) runs.add(key.slice(prefix.length))
      return runs
    },
  }
}
