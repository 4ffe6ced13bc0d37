import type { JsonObject } from '../base/json.ts'
import type { RequestId } from './messages.ts'

/** Where the events of resumable streams outlive the process that sent them, bounded in number and time. */
export interface KeptEvents {
  /**
   * A stream begins, or goes on for long. One that is to answer requests is kept until its `end`, however long it says nothing. `stream` is the beginning of its event ids; `requests`: what it will answer, the same
   * each time. Never waits, never throws.
   */
  begin(session: string, stream: string, requests: readonly RequestId[]): void
  /** It has answered everything, or is forgotten here: from now on its time runs. Never waits, never throws. */
  end(session: string, stream: string): void
  /** Keeps an event of a stream under its number. Never waits, never throws. */
  keep(session: string, stream: string, seq: number, body: readonly Buffer[]): void
  /** What was kept of a stream of a process that has died. Undefined: nothing, or it cannot be asked for. */
  read(session: string, stream: string): Promise<KeptStream | undefined>
}

export interface KeptStream {
  readonly requests: readonly RequestId[]
  /** In their order; some may be missing. */
  readonly events: readonly { readonly seq: number; readonly message: JsonObject }[]
  /** Number of the last event there was, kept or not. */
  readonly lastSeq: number
}
