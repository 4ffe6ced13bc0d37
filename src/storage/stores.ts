import type { AppendLog } from './append-log.ts'
import type { KeyValue } from './key-value.ts'
import type { MessageBus } from './message-bus.ts'

/** What one configured place offers. */
export interface Stores {
  readonly keyValue: KeyValue
  readonly appendLog: AppendLog
  /** Reaches other processes only where the place is one that they share over the network: Redis. */
  readonly bus: MessageBus
  /** Closes all of them. May be called twice. */
  close(): Promise<void>
}
