/** What a log holds from an index on. */
export interface LogSlice {
  /** Index of the first entry given; greater than asked for where older entries were dropped. */
  readonly first: number
  readonly entries: readonly string[]
  /** How many entries were ever appended, dropped ones included: the index of the next one. 0: there is no such log. */
  readonly length: number
}

export interface AppendOptions {
  /** Life of the whole log from now on in milliseconds; absent: for ever, also if an earlier append gave it an end. */
  readonly ttlMs?: number
  /** Append only if the log has just this length; 0: only if there is none. Fences off a writer that lost its place. */
  readonly expectLength?: number
  /** Drop the oldest entries beyond so many (at least 1); indexes stay as they are. */
  readonly keepLast?: number
}

/**
 * Named lists of small texts that only grow at their end: journals, replay buffers. Entries keep their index for ever. An
 * expired log is absent for every operation, and begins at 0 again. An append is durable when its promise resolves, as far as
 * the store is. Rejects with an AppError of `storage/errors.ts` when the store itself fails. The implementations pass
 * `testing/append-log.testsuite.ts`.
 */
export interface AppendLog {
  /**
   * All entries or none, in one step. The new length, or undefined if the log had not the expected length and nothing was
   * written. Without entries it only gives the log a new life and makes none.
   */
  append(
    key: string,
    entries: readonly string[],
    options?: AppendOptions,
  ): Promise<number | undefined>
  /** The entries from an index on (default 0), as far as they are still there. */
  read(key: string, from?: number): Promise<LogSlice>
  /** True if there was a log and it is gone now. */
  delete(key: string): Promise<boolean>
  /** The keys of all live logs that start with the prefix, in the order of their bytes. */
  keys(prefix: string): AsyncIterable<string>
  /** Frees what the log store holds, after the appends under way. Every later operation rejects with STORAGE_CLOSED. */
  close(): Promise<void>
}
