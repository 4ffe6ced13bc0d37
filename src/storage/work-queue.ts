import type { Cancellation } from '../base/cancellation.ts'

/** How a piece of work came out. */
export type WorkEnd =
  | { readonly kind: 'done'; readonly result: string }
  /** Whoever took it is gone, or it is not there (any more): nobody knows whether it was done. */
  | { readonly kind: 'lost' }
  /** Nobody waits any more; the work goes on. */
  | { readonly kind: 'left' }

/**
 * Work that any process that shares the store may do, each piece at most once: one whose worker died is never given to another by
 * itself, its end is `lost`. Rejects with an AppError of `storage/errors.ts`.
 */
export interface WorkQueue {
  /** `id`: letters, digits, `.`, `-`, `_`; used once for ever. */
  add(id: string, text: string): Promise<void>
  /**
   * Waits until it is done or lost, or until cancellation; may be asked in another process than the one that added it, by one
   * at a time.
   */
  outcome(id: string, cancellation: Cancellation): Promise<WorkEnd>
  /** It is not begun any more; if it has been, whoever does it is told, as far as it can be reached. */
  cancel(id: string): Promise<void>
  /** The result is not needed any more. What nobody forgets goes by itself after an hour. */
  forget(id: string): Promise<void>
  /** From now on this process takes work. Once per queue. */
  serve(options: ServeWork): Promise<Serving>
  /** Ends waiting; tells what is still done here to end, and it counts as lost. May be called twice. */
  close(): Promise<void>
}

export interface ServeWork {
  /** Pieces at once. */
  readonly concurrency: number
  /** Resolves with the result. When it rejects, the work is lost. */
  readonly work: (text: string, cancellation: Cancellation, id: string) => Promise<string>
}

export interface Serving {
  /** Takes nothing more; resolves when what was taken is done. */
  drain(): Promise<void>
}
