import type { Now } from '../base/clock.ts'
import { isAppError } from '../base/errors.ts'
import type { AppendLog } from '../storage/append-log.ts'
import type { KeyValue } from '../storage/key-value.ts'
import { workflowErrors } from './errors.ts'
import type { JournalEntry, RunStarted } from './journal.ts'
import { readJournal, type Sealing } from './journal-text.ts'
import { openJournal, type JournalOptions, type OpenJournal } from './open-journal.ts'
import { createRunIndex, type RunIndex } from './run-index.ts'
import type { RunSummary } from './runs.ts'

/** How much is kept of runs. */
export interface RunLimits {
  /** How long ended runs are kept, in milliseconds. */
  readonly keepMs: number
  /** How many ended runs are kept, and how many may be under way. */
  readonly maxRuns: number
  /** Beyond so many bytes the journal of a run leaves outputs out. */
  readonly maxRunBytes: number
  /** What the journals of ended runs may take together; default: so much that 16 of the largest runs are kept. */
  readonly maxKeptBytes?: number
}

export interface RunStoreOptions {
  readonly keyValue: KeyValue
  readonly appendLog: AppendLog
  /** What all keys begin with. */
  readonly prefix: string
  readonly limits: RunLimits
  readonly sealing: Sealing
  readonly now: Now
  readonly onError: (error: unknown) => void
}

/** What stands in the journal of a run. */
export interface StoredRun {
  readonly entries: readonly JournalEntry[]
  readonly length: number
  readonly size: number
}

/** Runs in a store: an index of them, and a journal for each. */
export interface RunStore {
  readonly index: RunIndex
  /** Begins a run: it is in the store when this resolves. */
  begin(summary: RunSummary, started: RunStarted, onLost: () => void): Promise<OpenJournal>
  read(run: string): Promise<StoredRun>
  /** Goes on with a journal, after an entry that fences its former writer off; undefined: somebody else was quicker. */
  goOn(
    run: string,
    stored: StoredRun,
    entry: JournalEntry,
    onLost: () => void,
  ): Promise<OpenJournal | undefined>
  /** A run ended; the oldest ones beyond the limit are forgotten. */
  end(summary: RunSummary): Promise<void>
  forget(run: string): Promise<void>
}

/** Opens the runs of a store. */
export async function openRunStore(options: RunStoreOptions): Promise<RunStore> {
  const { keyValue, appendLog, prefix, limits, sealing, now, onError } = options
  const index = createRunIndex(keyValue, prefix, sealing)
  const journalKey = (run: string): string => `${prefix}journal:${run}`
  // Oldest first.
  const ended: Ended[] = []
  const maxKeptBytes = limits.maxKeptBytes ?? 16 * limits.maxRunBytes
  let keptBytes = 0
  for await (const { summary } of index.ended()) keep(summary)
  ended.sort((one, other) => one.endedAt - other.endedAt)

  function open(run: string, length: number, size: number, onLost: () => void): OpenJournal {
    const { keepMs, maxRunBytes: maxSize } = limits
    const place: JournalOptions = {
      run,
      log: appendLog,
      key: journalKey(run),
      length,
      size,
      maxSize,
      keepMs,
      sealing,
      onLost,
      onError,
    }
    return openJournal(place)
  }

  async function forget(run: string): Promise<void> {
    await index.forget(run)
    await appendLog.delete(journalKey(run))
  }

  return {
    index,
    forget,

    async begin(summary, started, onLost) {
      // The index first: a journal that nobody finds would stay for ever.
      await index.begin(summary)
      try {
        const journal = open(summary.id, 0, 0, onLost)
        journal.add(started)
        await journal.commit()
        return journal
      } catch (error) {
        await forget(summary.id).catch(onError)
        throw error
      }
    },

    async read(run) {
      const { entries, length } = await appendLog.read(journalKey(run))
      const size = entries.reduce((sum, text) => sum + text.length, 0)
      return { entries: readJournal(entries, sealing, journalKey(run)), length, size }
    },

    async goOn(run, stored, entry, onLost) {
      const journal = open(run, stored.length, stored.size, onLost)
      journal.add(entry)
      try {
        await journal.commit()
        return journal
      } catch (error) {
        if (isAppError(error, TAKEN_OVER)) return undefined
        throw error
      }
    },

    async end(summary) {
      await index.end(summary, limits.keepMs)
      keep(summary)
      while (ended.length > limits.maxRuns || keptBytes > maxKeptBytes || isOver(ended[0])) {
        const oldest = ended.shift()
        if (oldest === undefined) break
        keptBytes -= oldest.bytes
        await forgetEnded(oldest)
      }
    },
  }

  /** Unless it was resumed since, here or by another process: then it is under way, or has ended once more. */
  async function forgetEnded({ id, endedAt }: Ended): Promise<void> {
    const found = await index.find(id)
    if (found !== undefined) {
      const isOther = found.open || found.summary.endedAt !== endedAt
      if (isOther || !(await index.drop(found))) return
    }
    await appendLog.delete(journalKey(id))
  }

  function keep({ id, endedAt = now(), journalBytes: bytes = 0 }: RunSummary): void {
    ended.push({ id, endedAt, bytes })
    keptBytes += bytes
  }

  function isOver(entry: Ended | undefined): boolean {
    return entry !== undefined && entry.endedAt + limits.keepMs < now()
  }
}

interface Ended {
  readonly id: string
  readonly endedAt: number
  readonly bytes: number
}

const TAKEN_OVER = workflowErrors.RUN_TAKEN_OVER({ run: '' }).code
