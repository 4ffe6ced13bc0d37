import type { AppendLog } from './append-log.ts'
import type { KeyValue } from './key-value.ts'
import type { MessageBus } from './message-bus.ts'
import type { WorkQueue } from './work-queue.ts'

export type RunScript = (
  keys: readonly string[],
  args: readonly (string | number)[],
) => Promise<unknown>

/** What one configured place offers. */
export interface Stores {
  readonly keyValue: KeyValue
  readonly appendLog: AppendLog
  /** Reaches other processes only where the place is one that they share over the network: Redis. */
  readonly bus: MessageBus
  /**
   * Redis only: makes a function of a Lua script, which Redis runs as one step. Keys are taken as they are, without the prefix
   * of the stores, and have to be in one slot. The function rejects like the stores do.
   */
  readonly script?: (lua: string) => RunScript
  /**
   * Redis only: opens the queue of that name (letters and digits). Whoever opens it closes it, before the stores. A worker that
   * gave no sign of life for `lostAfterMs` (default 10 s; the same for all) is noticed within twice that.
   */
  readonly workQueue?: (
    name: string,
    options?: { readonly lostAfterMs?: number },
  ) => Promise<WorkQueue>
  /** Redis only: when its memory is full it throws away entries that still live, by this policy. Undefined: as far as we know, none. */
  readonly evictionPolicy?: string
  /** Closes all of them. May be called twice. */
  close(): Promise<void>
}
