import type { AppendLog } from '../storage/append-log.ts'
import { workflowErrors } from './errors.ts'
import type { JournalEntry, RunJournal } from './journal.ts'
import type { Sealing } from './journal-text.ts'

export interface JournalOptions {
  readonly run: string
  readonly log: AppendLog
  readonly key: string
  /** Entries and characters that stand there already. */
  readonly length: number
  readonly size: number
  /** Beyond so many characters outputs are left out; everything else is still written. */
  readonly maxSize: number
  /** How long the journal of an ended run is kept, in milliseconds. */
  readonly keepMs: number
  readonly sealing: Sealing
  /** Another process writes this journal: stop the run. Called once. */
  readonly onLost: () => void
  /** It could not be written; the next commit tries again. */
  readonly onError: (error: unknown) => void
}

/** A journal on a log. Only one process writes it: whoever finds entries of another one has lost it. */
export interface OpenJournal extends RunJournal {
  /** Characters written so far. */
  readonly size: number
  /** Takes nothing more; what was added before is still written. */
  close(): Promise<void>
}

/** Opens the journal of a run for writing, at its end. Entries added while one write is under way share the next. */
export function openJournal(options: JournalOptions): OpenJournal {
  const { run, log, key, sealing } = options
  let { length, size } = options
  let queue: string[] = []
  let running: Promise<void> | undefined
  let waiting: Promise<void> | undefined
  let state: 'open' | 'closed' | 'lost' = 'open'
  let ended = false

  return {
    get size() {
      return size
    },

    add(entry) {
      if (state !== 'open') return
      const text = encode(entry, options.maxSize - size)
      size += text.length
      queue.push(sealing.seal(text))
      ended ||= entry.kind === 'run-finished'
      // Whoever waits hears of a failure by `commit`.
      flush().catch(() => {})
    },

    commit() {
      if (state === 'lost') return Promise.reject(workflowErrors.RUN_TAKEN_OVER({ run }))
      return queue.length === 0 ? (waiting ?? running) : flush()
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

  /** Writes what is queued as soon as the write under way is done. */
  function flush(): Promise<void> {
    waiting ??= (running ?? Promise.resolve()).then(write, write)
    return waiting
  }

  function write(): Promise<void> {
    waiting = undefined
    if (queue.length === 0) return Promise.resolve()
    running = append(queue).finally(() => (running = undefined))
    queue = []
    return running
  }

  async function append(batch: string[]): Promise<void> {
    if (state === 'lost') throw workflowErrors.RUN_TAKEN_OVER({ run })
    const ttl = ended ? { ttlMs: options.keepMs } : {}
    try {
      const reached = await log.append(key, batch, { expectLength: length, ...ttl })
      if (reached === undefined && !(await isThere(batch))) {
        state = 'lost'
        queue = []
        options.onLost()
        throw workflowErrors.RUN_TAKEN_OVER({ run })
      }
      length += batch.length
    } catch (error) {
      if (state !== 'lost') {
        queue = [...batch, ...queue]
        options.onError(error)
      }
      throw error
    }
  }

  /** An append whose answer was lost on the way did happen. */
  async function isThere(batch: readonly string[]): Promise<boolean> {
    const { first, entries } = await log.read(key, length)
    return (
      first === length &&
      entries.length === batch.length &&
      batch.every((text, at) => text === entries[at])
    )
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
