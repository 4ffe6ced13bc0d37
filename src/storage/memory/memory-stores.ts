import type { Now } from '../../base/clock.ts'
import type { Stores } from '../stores.ts'
import { createMemoryAppendLog } from './memory-append-log.ts'
import { createMemoryKeyValue } from './memory-key-value.ts'
import { createMemoryMessageBus } from './memory-message-bus.ts'

export interface MemoryStoresOptions {
  readonly now: Now
  /** A handler of a message threw. */
  readonly onError: (error: unknown) => void
}

/** Everything in the memory of this process. */
export function createMemoryStores({ now, onError }: MemoryStoresOptions): Stores {
  const keyValue = createMemoryKeyValue({ now })
  const appendLog = createMemoryAppendLog({ now })
  const bus = createMemoryMessageBus(onError)
  return {
    keyValue,
    appendLog,
    bus,
    async close() {
      await Promise.all([keyValue.close(), appendLog.close(), bus.close()])
    },
  }
}
