import type { AppendLog } from '../storage/append-log.ts'
import { workflowErrors } from './errors.ts'
import type { JournalEntry, RunJournal } from './journal.ts'
import { joinEntries, placeInJournal, type Sealing } from './journal-text.ts'
import { createRecentWrites } from './recent-writes.ts'

export interface JournalOptions {
  readonly run: string
  readonly log: AppendLog
  readonly key: string
  /** Writes and characters that stand there already. */
  readonly length: number
  readonly size: number
  /** Beyond so many characters outputs are left out; everything else is still written. */
  readonly maxSize: number
  /** How long the journal of an ended run is kept, in milliseconds. */
  readonly keepMs: number
  readonly sealing: Sealing
  /** Another process writes this journal: stop the run. Called once. */
  readonly onLost: () => void
  /** It could not be written; the next commit tries again. Called once until one succeeds. */
  readonly onError: (error: unknown) => void
}

/** A journal on a log. Only one process writes it: whoever finds entries of another one has lost it. */
export interface OpenJournal extends RunJournal {
  /** Characters written so far. */
  readonly size: number
  /** When the run ended, by its entry; undefined: not yet. */
  readonly endedAt: number | undefined
  /** Takes nothing more; what was added before is still written. */
  close(): Promise<void>
}

/** Opens the journal of a run for writing, at its end. Entries added while one write is under way share the next. */
export function openJournal(options: JournalOptions): OpenJournal {
  const { run, log, key, sealing } = options
  let { length, size } = options
  let queue: string[] = []
  /** What is being written, or could not be written yet: it goes as it is, for it may be there already. */
  let pending: string | undefined
  let running: Promise<void> | undefined
  let waiting: Promise<void> | undefined
  let state: 'open' | 'closed' | 'lost' = 'open'
  let endedAt: number | undefined
  const recent = createRecentWrites()
  /** Told to `onError` once, however often it is tried again. */
  let isFailing = false

  return {
    get size() {
      return size
    },

    get endedAt() {
      return endedAt
    },

    add(entry) {
      if (state !== 'open') return
      const text = encode(entry, options.maxSize - size)
      size += text.length
      queue.push(text)
      if (entry.kind === 'run-finished') endedAt = entry.at
      void flush()
    },

    commit() {
      if (state === 'lost') return Promise.reject(workflowErrors.RUN_TAKEN_OVER({ run }))
      if (waiting !== undefined) return waiting
      return queue.length > 0 || pending !== undefined ? (running ?? flush()) : running
    },

    async close() {
      if (state === 'open') state = 'closed'
      try {
        await (waiting ?? running)
      } catch {
        // Told to `onError` already.
      }
    },
  }

  /** Writes what is queued after the write under way, else at the end of this turn of the event loop. */
  function flush(): Promise<void> {
    if (waiting === undefined) {
      waiting = moment().then(write)
      // Whoever waits hears of a failure by `commit`.
      waiting.catch(() => {})
    }
    return waiting
  }

  /** Waits for more entries that can go with those there are. */
  async function moment(): Promise<void> {
    if (running === undefined) return new Promise<void>((resolve) => setImmediate(resolve))
    try {
      await running
    } catch {
      // Whoever waited for it heard of it.
    }
  }

  function write(): Promise<void> {
    waiting = undefined
    running = drain().finally(() => (running = undefined))
    return running
  }

  async function drain(): Promise<void> {
    if (pending !== undefined) await append(pending)
    if (queue.length === 0) return
    pending = sealing.seal(joinEntries(queue), placeInJournal(key, length))
    queue = []
    await append(pending)
  }

  async function append(text: string): Promise<void> {
    if (state === 'lost') throw workflowErrors.RUN_TAKEN_OVER({ run })
    const ttl = endedAt !== undefined ? { ttlMs: options.keepMs } : {}
    try {
      const write = () => log.append(key, [text], { expectLength: length, ...ttl })
      let isWritten = (await write()) !== undefined || (await isThere(text))
      if (!isWritten && (await restore())) isWritten = (await write()) !== undefined
      if (!isWritten) {
        state = 'lost'
        queue = []
        options.onLost()
        throw workflowErrors.RUN_TAKEN_OVER({ run })
      }
      length += 1
      recent.add(text)
      pending = undefined
      isFailing = false
    } catch (error) {
      if (state !== 'lost' && !isFailing) options.onError(error)
      isFailing = true
      throw error
    }
  }

  /** A store that failed over may have lost our latest writes: that is not the same as others having written. */
  async function restore(): Promise<boolean> {
    const missing = recent.missing(await log.read(key, recent.first(length)), length)
    if (missing === undefined) return false
    return (await log.append(key, missing, { expectLength: length - missing.length })) !== undefined
  }

  /** An append whose answer was lost on the way did happen. */
  async function isThere(text: string): Promise<boolean> {
    const { first, entries } = await log.read(key, length)
    return first === length && entries.length === 1 && entries[0] === text
  }
}

/** The entry as text; without its output where there is no room for it. */
function encode(entry: JournalEntry, room: number): string {
  const text = JSON.stringify(entry)
  if (text.length <= room || !('output' in entry)) return text
  const { output: _output, ...rest } = entry
  const small = 'content' in rest ? { ...rest, content: undefined } : rest
  return JSON.stringify({ ...small, omittedBytes: text.length })
}
