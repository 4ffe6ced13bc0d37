import { storageErrors } from '../errors.ts'
import type { MessageBus } from '../message-bus.ts'
import { createSubscribers } from '../subscribers.ts'

/** A bus within this process. */
export function createMemoryMessageBus(onError: (error: unknown) => void): MessageBus {
  const subscribers = createSubscribers(onError)
  let closed = false

  return {
    async publish(channel, text) {
      checkOpen()
      // Later, as with every other bus: whoever publishes is not called back in the middle of its own work.
      setImmediate(() => subscribers.deliver(channel, text))
    },

    async subscribe(channel, handler) {
      checkOpen()
      // Each subscription is one of its own, though handlers may be the same function.
      const own = (text: string) => handler(text)
      subscribers.add(channel, own)
      return async () => void subscribers.remove(channel, own)
    },

    async close() {
      closed = true
      subscribers.clear()
    },
  }

  function checkOpen(): void {
    if (closed) throw storageErrors.CLOSED({ store: 'memory' })
  }
}
